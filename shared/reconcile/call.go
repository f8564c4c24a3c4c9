package reconcile

import (
	"errors"
	"fmt"
	"strings"
	"time"

	wirecloudtrail "github.com/shoreup/shoreup/events/cloudtrail"
	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/events/wire"
	"github.com/shoreup/shoreup/shared/hub"
)

// Call is one API call made with a role of ours, as CloudTrail recorded it.
type Call struct {
	EventID   string
	Time      time.Time // UTC, whole seconds
	Account   string    // whose resource it was
	Region    string
	Partition string
	Source    string // s3.amazonaws.com
	Name      string // PutBucketPolicy

	RoleARN  string
	Role     string // path and name: shoreup/shoreup-remediate-storage
	Owner    string // the account that the role is in
	Session  string // name of the session: of one that writes, the plan
	Identity string // source identity: who approved
	Service  string // AWS service that called on behalf of the session; empty: the session itself
	From     string // address

	ReadOnly bool
	Failed   string // error code; empty: the call had its effect
	Params   map[string]any
}

// rest is what a record says besides what package wirecloudtrail reads of it.
type rest struct {
	ReadOnly     any `json:"readOnly"` // true or "true"
	ErrorCode    any `json:"errorCode"`
	ErrorMessage any `json:"errorMessage"`
	Params       any `json:"requestParameters"`
}

// Parse reads an event of the reconciliation queue. An error means that it is no call that CloudTrail recorded of a role of ours, and never will be.
func Parse(raw []byte) (Call, error) {
	env, err := wire.Decode(raw)
	if err != nil {
		return Call{}, err
	}
	if !wirecloudtrail.IsSource(env.Source) || env.DetailType != wirecloudtrail.DetailType {
		return Call{}, fmt.Errorf("%.128q of source %.128q is no API call that CloudTrail recorded", env.DetailType, env.Source)
	}
	signals, err := wirecloudtrail.Parse(env, wirecloudtrail.Options{})
	if err != nil {
		return Call{}, err
	}
	s := signals[0] // without ids to look for there is one
	if s.Class == signal.ClassInvalid {
		return Call{}, fmt.Errorf("an event that cannot be trusted: %s", s.Reason)
	}
	var more rest
	if err := env.DecodeDetail(&more); err != nil {
		return Call{}, err
	}
	c := Call{
		EventID: s.EventID, Time: s.Time, Account: s.Account, Region: s.Region, Partition: s.Partition, Source: s.EventSource, Name: s.EventName,
		RoleARN: s.Actor.Principal, Session: s.Actor.SessionName, Identity: s.Actor.SourceIdentity, Service: s.Actor.InvokedBy, From: s.Actor.SourceIP,
		ReadOnly: more.ReadOnly == true || more.ReadOnly == "true",
	}
	c.Params, _ = more.Params.(map[string]any)
	if c.Failed, _ = more.ErrorCode.(string); c.Failed == "" && more.ErrorMessage != nil {
		c.Failed = "no error code"
	}
	return c, c.own()
}

// own fills in the role, and refuses what cannot be compared.
func (c *Call) own() error {
	a, err := signal.ParseARN(c.RoleARN)
	if err != nil {
		return fmt.Errorf("the issuer of the session cannot be read: %w", err)
	}
	role, isRole := strings.CutPrefix(a.Resource, "role/")
	if a.Service != "iam" || !isRole || !strings.HasPrefix(role, hub.RolePath) {
		return fmt.Errorf("%.256s is no role of shoreup", c.RoleARN)
	}
	if !signal.IsAccountID(a.Account) {
		return fmt.Errorf("role %.256s is in no account", c.RoleARN)
	}
	c.Role, c.Owner = role, a.Account
	switch {
	case c.Time.IsZero():
		return errors.New("an API call without a time")
	case c.EventID == "":
		return errors.New("an API call without an id")
	}
	return nil
}

// writes reports whether what a role does must be in the audit log: that of all roles, but those that only read and that only leave notes.
func writes(role string) bool { return role != hub.ReadRole && role != annotateRole }

// annotateRole leaves notes in Security Hub and has AWS Config evaluate again. It is no part of a fix, so no intent precedes it.
const annotateRole = hub.RolePath + "shoreup-annotate"
