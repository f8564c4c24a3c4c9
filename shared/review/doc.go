// Package review lets people decide without Slack: it is what answers at the function URL that the command line and the review page post to, and what
// the three agree on.
//
// The URL's auth type is AWS_IAM: AWS checks the signature of every request and says in the request's context who signed it. That word alone counts for
// who speaks; nothing in a body does. A person is an IAM user, or a session of an IAM Identity Center role of the installation's own account (see
// [Identities]). What the function hears it passes on to the function that decides, refused words as well, so that each is on the record; it writes no
// table and can change nothing itself.
//
//	GET  /                 what waits: a [List]; ?account= for one account alone; ?ended=1 for what was rejected or has expired and can be asked again
//	GET  /?ref=REF         how one request stands: an [Answer]; with &verdict= (for an undo &record=) and &since= of a [Receipt] also what became of a word
//	POST /                 one word: a [Word] as a flat JSON object of strings; the answer is a [Receipt]
package review
