package reconcile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/hub"
)

const (
	// lasts is how long after its intent a call may be made: a function lives 15 minutes at most, and gives up its claim on the plan after 16.
	lasts = 16 * time.Minute
	// skew is how much earlier than its intent a call may seem to be: CloudTrail leaves out parts of a second, and clocks differ.
	skew = 10 * time.Second
)

// Judge knows what is declared: the controls with their operations, and what the role that annotates does.
type Judge struct {
	Controls []core.Control
	Annotate []awsapi.Op
}

// Unexplained says why nothing explains a call; empty: something does. Log is what the audit log of the role's account has about it.
func (j *Judge) Unexplained(c Call, log Log) string {
	switch {
	case c.ReadOnly:
		return ""
	case c.Role == hub.ReadRole:
		return "the role may only read, and this call is not one that only reads"
	case c.Role == annotateRole:
		if slices.ContainsFunc(j.Annotate, func(o awsapi.Op) bool { return isCall(o.Name, c) }) {
			return ""
		}
		return "the role that leaves notes has no such operation"
	case log.Damaged != "":
		return "the audit log of that time does not verify, so nothing in it counts: " + log.Damaged
	}
	intents := log.Plans[c.Session]
	if len(intents) == 0 {
		return fmt.Sprintf("the audit log of account %s has no intent of a plan with the session's name at that time", c.Owner)
	}
	why := ""
	for _, in := range intents {
		if why = j.against(c, in); why == "" {
			return ""
		}
	}
	return why
}

// against says why an intent does not explain a call.
func (j *Judge) against(c Call, in Intent) string {
	at := fmt.Sprintf("record %d is an intent of this plan, ", in.Seq)
	switch {
	case c.Time.Before(in.Time.Add(-skew)):
		return at + "but of later than the call"
	case c.Time.After(in.Time.Add(lasts)):
		return at + fmt.Sprintf("but the call came %s after it", c.Time.Sub(in.Time).Round(time.Second))
	case !in.undo && c.Role == hub.RestoreRole, in.undo && c.Role != hub.RestoreRole:
		return at + "but not one that " + c.Role + " carries out"
	case c.Identity != identity(in.Approver):
		return at + fmt.Sprintf("but the session's source identity is %q and not %q", c.Identity, identity(in.Approver))
	}
	control, known := j.control(in.Control) // a build that no longer has the control cannot say more than that
	if !in.undo && (!strings.HasPrefix(c.Role, hub.WriteRole) || known && c.Role != hub.RoleFor(hub.WriteRole, control.Meta, false)) {
		return at + fmt.Sprintf("but fixes of %s are made with another role than %s", in.Control, c.Role)
	}
	i := slices.IndexFunc(in.Calls, func(op string) bool { return isCall(op, c) })
	switch {
	case i < 0 && c.Service != "":
		return j.onBehalf(c, in, control, at)
	case c.Account != in.Resource.Account || c.Region != in.Resource.Region:
		return at + fmt.Sprintf("but of a resource in %s/%s", in.Resource.Account, in.Resource.Region)
	case i < 0:
		return at + "and its calls do not have this one among them"
	}
	if target := targetOf(control, in.Calls[i]); !about(c, target, in.Resource) {
		return at + fmt.Sprintf("but of %s, and the call does not name that", in.Resource.ID)
	}
	return ""
}

// onBehalf says why a call that an AWS service made for the session is not a part of the plan's calls: it must be an action of another service that they are
// declared to need, as DynamoDB makes a grant on a key. Which key that is no plan says.
func (j *Judge) onBehalf(c Call, in Intent, control core.Control, at string) string {
	service, _, _ := strings.Cut(c.Source, ".")
	for _, name := range in.Calls {
		op, err := control.Write(name)
		if err == nil && !strings.HasPrefix(name, service+":") && slices.Contains(op.Actions, service+":"+c.Name) {
			return ""
		}
	}
	return at + fmt.Sprintf("and none of its calls is declared to make %s call %s", c.Service, c.Name)
}

func (j *Judge) control(id string) (core.Control, bool) {
	i := slices.IndexFunc(j.Controls, func(c core.Control) bool { return c.ID == id })
	if i < 0 {
		return core.Control{}, false
	}
	return j.Controls[i], true
}

// targetOf returns the input field that names the resource in a call. A control that this build no longer has gives none.
func targetOf(c core.Control, op string) string {
	o, err := c.Write(op)
	if err != nil {
		return ""
	}
	return o.Target
}

// What CloudTrail calls otherwise than the SDK. Source: Amazon S3 user guide, "Amazon S3 CloudTrail events".
var (
	otherNames = map[string]string{
		"s3:PutPublicAccessBlock": "PutBucketPublicAccessBlock", "s3:DeletePublicAccessBlock": "DeleteBucketPublicAccessBlock",
		"s3control:PutPublicAccessBlock": "PutAccountPublicAccessBlock", "s3control:DeletePublicAccessBlock": "DeleteAccountPublicAccessBlock",
	}
	otherServices = map[string]string{"s3control": "s3", "configservice": "config"}
)

// isCall reports whether an operation, by its SDK name ("s3:PutBucketPolicy"), is the one that was called.
func isCall(op string, c Call) bool {
	service, name, _ := strings.Cut(op, ":")
	if other := otherNames[op]; other != "" {
		name = other
	}
	if other := otherServices[service]; other != "" {
		service = other
	}
	return c.Name == name && c.Source == service+".amazonaws.com"
}

// about reports whether a call names the resource. A failed one may come without its parameters: then what else agrees has to do.
func about(c Call, target string, r awsapi.Resource) bool {
	if target == "" || r.ID == r.Account { // it acts on the whole account, which was compared
		return true
	}
	if len(c.Params) == 0 {
		return c.Failed != ""
	}
	for key, v := range c.Params {
		if inner, ok := v.(map[string]any); ok && strings.HasSuffix(key, "Request") { // newer EC2 operations wrap their input
			if names(inner, target, r) {
				return true
			}
		}
	}
	return names(c.Params, target, r)
}

// names reports whether a request's parameters name the resource where the operation takes it: CloudTrail spells a field like the SDK, but for capitals, and
// S3's Bucket, which is bucketName.
func names(params map[string]any, target string, r awsapi.Resource) bool {
	if target == "Bucket" {
		target = "bucketName"
	}
	for key, v := range params {
		if strings.EqualFold(key, target) && is(v, r) {
			return true
		}
	}
	return false
}

// is reports whether a value is the resource's id, or an ARN of its account that ends in it. CloudTrail has some values as lists of one.
func is(v any, r awsapi.Resource) bool {
	if list, ok := v.([]any); ok && len(list) == 1 {
		v = list[0]
	}
	s, _ := v.(string)
	if s == r.ID && s != "" {
		return true
	}
	a, err := signal.ParseARN(s)
	if err != nil || a.Account != "" && a.Account != r.Account {
		return false
	}
	return a.Resource == r.ID || strings.HasSuffix(a.Resource, "/"+r.ID) || strings.HasSuffix(a.Resource, ":"+r.ID)
}

var notInSTS = regexp.MustCompile(`[^\w+=,.@-]`)

// identity is the source identity of a session that writes: who approved, in the characters that STS takes, or shoreup itself. A caller of the command line is
// on record with an ARN, whose end is marked as local. Source: STS API reference, AssumeRole, SourceIdentity.
func identity(approver string) string {
	if approver == "" {
		return "shoreup"
	}
	if strings.HasPrefix(approver, "arn:") {
		approver = "local-" + approver[strings.LastIndexAny(approver, "/:")+1:]
	}
	s := notInSTS.ReplaceAllString(approver, "-")
	return s[:min(len(s), 64)]
}
