package approval

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/notify/show"
)

// LongestExemption is how long people may exempt a resource at most; longer ones belong in the rules file, which is reviewed.
const LongestExemption = 90 * 24 * time.Hour

const (
	sectionExempt = "exempt#"
	maxSortKey    = 1024 // bytes, "Quotas in Amazon DynamoDB"
	attrUntil     = "exempt_until"
)

// Exemption is a thing that nobody may fix until a date, as people agreed on it. It stands beside the exceptions of the rules file.
type Exemption struct {
	Control  string          `json:"control"`
	Resource awsapi.Resource `json:"resource"`
	ARN      string          `json:"arn"`
	Owner    string          `json:"owner"`
	Reason   string          `json:"reason"`
	Until    time.Time       `json:"until"`
	Approver string          `json:"approver"` // filled when it is agreed
}

// Check says what is missing in an exemption that is asked for.
func (e Exemption) Check(now time.Time) *Refusal {
	switch {
	case strings.TrimSpace(e.Owner) == "" || strings.TrimSpace(e.Reason) == "":
		return refuse("nothing", "an exemption needs an owner and a reason")
	case !now.Before(e.Until):
		return refuse("nothing", "an exemption ends in the future, not on %s", e.Until.UTC().Format(time.DateOnly))
	case e.Until.After(now.Add(LongestExemption)):
		return refuse("nothing", "an exemption lasts %d days at most; for longer, write an exception into the rules file", int(LongestExemption.Hours()/24))
	}
	return nil
}

// says why nobody is asked about what is exempt.
func (e Exemption) says() string {
	return fmt.Sprintf("nobody may fix it %s, as %s agreed: %s", show.Until(e.Until), e.Approver, e.Reason)
}

func (e Exemption) item() dynamodbapi.Values {
	sk := sectionExempt + strings.Join([]string{e.Resource.Region, e.Resource.Type, e.Resource.ID, e.Control}, "#")
	if len(sk) > maxSortKey {
		sk = sectionExempt + "sha256#" + canon.Hash([]byte(sk))
	}
	return dynamodbapi.Key(partition(e.Resource.Account), sk)
}

// Exempted returns the exemption of a resource from a control that holds now, if there is one.
func Exempted(ctx context.Context, store *dynamodbapi.Store, table, control string, r awsapi.Resource, now time.Time) (Exemption, bool, error) {
	v, ok, err := store.Get(ctx, table, Exemption{Control: control, Resource: r}.item())
	if err != nil || !ok {
		return Exemption{}, false, err
	}
	e, err := exemptionOf(v)
	// A name of another resource that came to the same hash, or a row that was put elsewhere, exempts nothing.
	if err != nil || e.Control != control || e.Resource != r || !now.Before(e.Until) {
		return Exemption{}, false, err
	}
	return e, true, nil
}

// MustNotBeExempt are the words of [NotExempted]'s condition.
const MustNotBeExempt = "nobody has exempted the resource"

// NotExempted fails the transaction that it is put into if the resource is exempt: people may have agreed on that since it was looked at.
func NotExempted(table, control string, r awsapi.Resource, now time.Time) dynamodbapi.Item {
	return dynamodbapi.Item{
		Op: dynamodbapi.Check, Table: table, Key: Exemption{Control: control, Resource: r}.item(), Must: MustNotBeExempt,
		Condition: "attribute_not_exists(pk) OR " + attrUntil + " <= :now", Values: dynamodbapi.Values{":now": now.UnixMilli()},
	}
}

// Exemptions returns all exemptions of an account that are kept, those that ended lately as well.
func Exemptions(ctx context.Context, store *dynamodbapi.Store, table, account string) ([]Exemption, error) {
	var out []Exemption
	for v, err := range store.All(ctx, dynamodbapi.Query{Table: table, PK: partition(account), From: sectionExempt, To: sectionExempt + "\U0010FFFF"}) {
		if err != nil {
			return nil, err
		}
		e, err := exemptionOf(v)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func exemptionOf(v dynamodbapi.Values) (Exemption, error) {
	var e Exemption
	if err := canon.Unmarshal([]byte(v.Text(attrBody)), &e); err != nil {
		return e, fmt.Errorf("reading exemption %s: %w", v.Text(dynamodbapi.SK), err)
	}
	return e, nil
}
