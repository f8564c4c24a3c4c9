// Package approval keeps what waits for people and what people said: which plan of which occurrence, who may decide, who did, and until when that
// counts. It is the only writer of the approvals table, and only the deciding function may run it; whoever applies reads [Granted] and lets the
// transaction of its intent depend on [Grant.Guard].
//
// A request goes one way:
//
//	pending ──> approved ──> applied
//	   │            │
//	   └────────────┴──> rejected | expired | stale | superseded
//
// pending counts the approvals that are there (n of m). Rejected is a person's word; expired is the clock's; stale means that the resource, the
// control or the rules are not those of the plan any more; superseded that another plan took its place. Nothing comes back from an end but by asking
// again, which is another round: what was overtaken by itself, once it is as it was; what was rejected or has expired for one of the people, who cannot decide
// it then ([Desk.AskAgain]), or for a click in Security Hub, of which nobody knows whose it is, so that two have to agree ([Desk.Clicked]); a change of people
// also when the rules file has said something else meanwhile.
//
// A word is judged by what the rules file says at that moment: if nobody would be asked any more, the request is stale with the reason, and the word refused.
//
// Four eyes: nobody approves what they asked for or what they caused. A cause that AWS does not vouch a person for could be anybody, so that one more
// person has to agree. Persons are those of the rules file; see [IdentityOf] for which words of AWS count.
//
// What is decided is a fix, the taking back of one ([Desk.AskUndo]), an exemption, the lifting of the kill switch, and who may decide: all under the same rules.
// A fix and an undo are carried out by the function that applies; the others take effect with the word that completes them.
//
// Every word is recorded in the audit log, those that were refused as well, in the same transaction as what it changed.
package approval
