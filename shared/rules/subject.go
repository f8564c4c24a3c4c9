package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Origins of a finding. Only OriginEvent can be fresh. OriginLateEvent is a word for files (an event that is an hour
// old or more, or of unknown age); a Subject always carries OriginEvent and its time.
const (
	OriginEvent       = "event"
	OriginLateEvent   = "late-event"
	OriginSweep       = "sweep"
	OriginConfig      = "config"
	OriginSecurityHub = "securityhub"
	OriginGuardDuty   = "guardduty"
	OriginCLI         = "cli"
)

const (
	freshFor  = time.Hour       // an event younger than this is no old finding
	clockSkew = 5 * time.Minute // an event from further in the future has no age one can trust
	tagGrace  = 24 * time.Hour  // tags that the causing actor set within this time do not count
)

// Subject is one finding, as plain data, that the file decides about.
//
// Control, Family, Service, Severity and Account are always needed, ResourceID unless AccountWide is set, ResourceARN
// where the file names resources of this control by ARN, Region where the file goes by Region. Without them a careful rule or an exception could miss what it
// was written for, so such a subject is refused. Give both wherever the resource has both (access keys have no ARN).
type Subject struct {
	Control      string // "s3-bucket-public"
	Family       string // "storage"
	Service      string // "s3"
	Severity     string // critical, high, medium, low or informational, in any case
	Account      string // 12 digits
	Region       string // for global resources the home Region of their partition, where AWS keeps them
	ResourceType string // CloudFormation name
	ResourceID   string
	ResourceARN  string

	Tags       map[string]string
	TagChanges map[string]TagChange // by tag key; a tag without an entry has no known history and counts
	CausedBy   string               // ARN of the actor that caused the finding; "" if unknown
	Origin     string               // one of the Origin constants; anything else is an old finding
	EventTime  time.Time            // when the causing call happened; zero if unknown, which is never fresh

	Global      bool     // one in the account and not one in each Region: IAM, the account's Block Public Access
	AccountWide bool     // a setting of the whole account (never auto)
	IAM         bool     // a fix in IAM (never auto); also taken from Family, Service and ResourceType
	NeverAuto   []string // why a person must see this plan, from the control's judge
	Asked       bool     // somebody asked for it who is not known (a Security Hub custom action): never auto
	Protected   string   // why the resource must not be written; "" = not protected
}

// TagChange says who set a tag last, and when.
type TagChange struct {
	By string // actor ARN
	At time.Time
}

var (
	accountShape = regexp.MustCompile(`^[0-9]{12}$`)
	severities   = []string{"critical", "high", "medium", "low", "informational"}
)

// defect says what keeps the subject from being decided safely, or "".
func (s Subject) defect() string {
	needed := []struct{ name, value string }{
		{"control", s.Control}, {"family", s.Family}, {"service", s.Service}, {"severity", s.Severity}, {"account", s.Account},
	}
	if !s.accountWide() {
		needed = append(needed, struct{ name, value string }{"resource id", s.ResourceID})
	}
	for _, n := range needed {
		if n.value == "" {
			return "the finding names no " + n.name
		}
	}
	if !accountShape.MatchString(s.Account) {
		return fmt.Sprintf("account %q is not 12 digits", s.Account)
	}
	if !slices.Contains(severities, strings.ToLower(s.Severity)) {
		return fmt.Sprintf("severity %q is none of %s", s.Severity, strings.Join(severities, ", "))
	}
	if s.Origin == OriginLateEvent {
		return "late-event is a word for files; an event carries its time"
	}
	if account := arnField(s.ResourceARN, 4); accountShape.MatchString(account) && account != s.Account {
		return fmt.Sprintf("the resource belongs to account %s by its ARN, the finding says %s", account, s.Account)
	}
	return ""
}

// inIAM is true for everything that is judged or fixed in IAM, however the caller marked it.
func (s Subject) inIAM() bool {
	return s.IAM || strings.EqualFold(s.Family, "iam") || strings.EqualFold(s.Service, "iam") ||
		strings.HasPrefix(s.ResourceType, "AWS::IAM::")
}

func (s Subject) accountWide() bool { return s.AccountWide || s.ResourceType == "AWS::::Account" }

// global is true for everything in IAM, too, however the caller marked it.
func (s Subject) global() bool { return s.Global || s.inIAM() }

// enrolledIn is the Region that has to be enrolled: none for global resources, since nobody chose where AWS keeps them.
func (s Subject) enrolledIn() string {
	if s.global() {
		return ""
	}
	return s.Region
}

// fresh is true for an event less than an hour old. Everything else is an old finding.
func (s Subject) fresh(now time.Time) bool {
	age := now.Sub(s.EventTime)
	return s.Origin == OriginEvent && !s.EventTime.IsZero() && age < freshFor && age > -clockSkew
}

// origin is the word by which files name where the finding came from.
func (s Subject) origin(now time.Time) string {
	if s.Origin == OriginEvent && !s.fresh(now) {
		return OriginLateEvent
	}
	return s.Origin
}

// tagDoubt says why a tag of the subject does not count, or "". Whoever caused a finding could otherwise hold off its
// fix with a tag of their own, before the call, right after it, or just before the next sweep.
func (s Subject) tagDoubt(key string, now time.Time) string {
	change, known := s.TagChanges[key]
	if !known || change.By == "" || principal(change.By) != principal(s.CausedBy) {
		return ""
	}
	if near(change.At, now) || (!s.EventTime.IsZero() && near(change.At, s.EventTime)) {
		return fmt.Sprintf("tag %s does not count: %s, who caused the finding, set it within a day", key, change.By)
	}
	return ""
}

func near(a, b time.Time) bool {
	apart := a.Sub(b).Abs()
	return apart < tagGrace
}

// principal reduces an actor ARN to what the actor cannot choose: session names are self-chosen, so a role session
// (STS form) and the role itself (IAM form, with or without a path) are the same principal.
func principal(arn string) string {
	account, resource := arnField(arn, 4), arnField(arn, 5)
	parts := strings.Split(resource, "/")
	switch {
	case parts[0] == "assumed-role" && len(parts) > 1:
		return account + ":role/" + parts[1]
	case parts[0] == "role" && len(parts) > 1:
		return account + ":role/" + parts[len(parts)-1]
	}
	return arn
}

// arnField gives one of the six fields of an ARN (partition is 1, account 4, resource 5), or "".
func arnField(arn string, field int) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return ""
	}
	return parts[field]
}
