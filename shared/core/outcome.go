package core

// Outcome is how looking at a resource with one control ended. There is no zero outcome: what was not decided is an error.
type Outcome string

// The outcomes.
const (
	Compliant         Outcome = "compliant"
	NotApplicableHere Outcome = "not_applicable"
	Reported          Outcome = "reported"
	Excepted          Outcome = "exception"
	AwaitingApproval  Outcome = "awaiting_approval"
	Rejected          Outcome = "rejected"
	Expired           Outcome = "expired"
	Stale             Outcome = "stale"
	Refused           Outcome = "refused" // limit, freeze, kill switch, protected, too large
	Planned           Outcome = "planned" // will be applied without being asked
	Fixed             Outcome = "fixed"   // read back and judged clean, nothing else moved
	Unverified        Outcome = "unverified"
	Failed            Outcome = "failed"
	Undone            Outcome = "undone"
	Regressed         Outcome = "regressed"
	Blind             Outcome = "blind" // no way to see
	Errored           Outcome = "error"
	Ignored           Outcome = "ignored" // an event that leads to no control: counted, and nothing else
)
