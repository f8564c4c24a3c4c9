// Package rules reads shoreup.yaml, the file in which a company says what shoreup may do to whom, and decides single
// cases by it. It does no I/O: bytes go in, decisions come out, always with the reason.
//
// # How a decision is made
//
// The steps run in this order, and the first one that settles the case ends it:
//
//  1. No readable file, or a subject that lacks what the file goes by: refuse.
//  2. The account or Region is not enrolled: refuse. Without a list of accounts every account is enrolled.
//  3. A valid exception covers the resource: exception.
//  4. Every rule without tags is looked at. All that match have a say and the most cautious of them wins
//     (report before approve before auto). None matches: defaults.mode, which is report unless the file says approve.
//  5. Rules with tags can only lower what step 4 gave, and a tag that the causing actor set within a day does not count.
//  6. auto becomes approve for account-wide settings, IAM, plans that the control wants a person to see, what somebody
//     unknown asked for, and old findings. How much a control's fixes may disrupt does not count here: for that write
//     rules about controls, and approvals by disruption. An old finding is everything but an event less than an hour old; it stays auto only if
//     a matching auto rule names its origin.
//  7. Protected resources and principals: refuse, whatever the mode.
//  8. Kill switch or a freeze: approve and auto are refused. Reports go on, since they write nothing.
//
// # Why the most cautious rule wins
//
// With "the first match wins" the meaning of a file hangs on the order of its lines: a broad auto rule pasted above a
// careful one silently undoes it. Here order means nothing, so each rule can be read alone: "this rule says approve"
// means that nothing it matches is ever automatic. A mistake costs a question to a person, never a write nobody wanted.
// To make one control freer than its neighbours, leave it out of the careful rule with "except".
//
// # Where global resources are
//
// IAM and the account's Block Public Access belong to no Region, and AWS keeps them in the partition's home Region
// (us-east-1, cn-north-1, us-gov-west-1). A freeze, an exception and a rule in mode report or approve that name the home
// Region hold for them. Nothing becomes automatic by it: an auto rule that is limited to Regions never covers them, and neither
// does a careful rule's "except" by Region. They need no enrolled Region, only an enrolled account.
//
// # What users, roles and groups are called
//
// Their names are their own in the account, so the path does not matter: role/team/deploy and role/deploy are the same role, in a file and where a decision is
// explained. Patterns of several names (role/team/*) go by the names alone; one with a path never matches, and is warned about. Protected principals are
// matched by their full ARN, path included.
//
// # When clocks are changed
//
// A weekly freeze goes by what clocks read in its time zone. A time that they read twice is inside both times, and where a
// window begins or ends at such a time, or at one that is skipped, all that it may mean is frozen.
//
// # Closed by default
//
// The zero Mode is Report, a nil *File refuses everything, and Load refuses the whole file for any unknown field, wrong
// type, duplicate key or value out of bounds, with line, column and what to write instead.
package rules
