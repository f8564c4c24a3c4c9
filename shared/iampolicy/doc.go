// Package iampolicy reads AWS policy documents, judges them, and removes or adds one statement.
//
// It parses every form that the grammar allows and refuses the rest (IAM user guide, "Grammar of the IAM JSON policy
// language"); edits keep every byte that they do not have to touch. All of it is pure: no I/O, no clock, no AWS client.
//
// Judging knows three answers, never two. What AWS states is judged; what AWS does not settle is marked Unsettled, for
// people to look at and never for an automatic fix; all else is fine.
//
// Resource policies (S3 user guide, "Blocking public access", part "The meaning of public"; AWS Config rule pages of
// lambda-function-public-access-prohibited and sns-topic-no-public-access): an Allow is public until something fixes who
// is calling. Fixed means no wildcard and no policy variable. Principals are alternatives, so the worst counts;
// conditions must all hold, so the best counts; values of one condition are alternatives again. Only keys that say who
// or from where count (keys.go). A condition that a request without the key passes (IfExists, ForAllValues, negations:
// IAM user guide, "Condition operators" and "Set operators for multivalued context keys") fixes nothing. Source addresses
// broader than /8 or /32 are the public. A Deny never grants; one that narrows an open Allow to fixed callers makes it Unsettled.
//
// Identity policies (Security Hub IAM.1 and IAM.21, "Policy evaluation logic"): what a principal holds in all of its
// policies is judged together on a ladder from Admin to DataExfiltration. Actions are compared as patterns, without
// case. Only an unconditional Deny that covers every resource of a type takes away; one that spares some by NotResource
// makes what is left Unsettled. Allows are summed: all but IAM and, elsewhere, IAM is Admin. A resource pattern is unrestricted
// if it covers every resource of the type that the action works on, in any partition, Region and account that it names
// itself; a path, a prefix or a name restricts it. Conditions do not make a grant smaller, except iam:PassedToService
// for iam:PassRole; boundaries, chosen policies and resource tags make it Unsettled. Service wildcards are literal, and on
// less than the whole service Unsettled; "*" counts as one where its Resource is all that a service has, and is Unsettled on less.
//
// Trust policies (IAM user guide, "Identity-provider controls for shared OIDC providers" and "The confused deputy
// problem"): a wildcard principal needs a fixed organization, account or ARN; an identity provider that many customers
// share needs a claim that names the tenant (oidc.go), and its audience is the same for everybody at most of them.
//
// Decisions where the sources leave room: a pattern such as repo:org* is Unsettled, since it lets in only tenants whose
// names begin so; a literal * under StringEquals matches nothing and is Unsettled; attaching a policy to oneself is an
// escalation even with ${aws:username}, while own keys and passwords are self service; PassRole on named roles is
// Unsettled, and fine once iam:PassedToService names the service.
package iampolicy
