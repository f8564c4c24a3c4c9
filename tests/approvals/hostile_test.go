package approvals

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/handler"
)

const eve = "arn:aws:iam::111122223333:user/eve"

// court is a world with requests in every state, to be attacked.
type court struct {
	*world
	handler *handler.Decide
	dead    int
	open    approval.Request // pending, caused by eve
	yes     approval.Request // approved by ada
	no      approval.Request
	late    approval.Request // its time is over, and nobody has noticed
	gone    approval.Request // superseded by open
	two     approval.Request // pending with ada's yes; nobody knows who caused it
	done    approval.Request // applied
}

func newCourt(t *testing.T) *court {
	t.Helper()
	c := &court{world: newWorld(t)}
	c.rules(files[0])
	c.deciding = true
	c.handler = c.world.decide()
	c.handler.DeadLetter = func(context.Context, string, string) error { c.dead++; return nil }
	c.late = c.wrong("late", "open", eve)
	c.now = c.now.Add(within)
	c.done, c.queue = c.wrong("dial", "open", eve), nil
	c.give(wordsARN, c.answer(c.done))
	for len(c.queue) > 0 {
		m := c.queue[0]
		c.queue = c.queue[1:]
		if err := c.deliver(m, nil); err != nil {
			t.Fatal(err)
		}
	}
	c.yes, c.no, c.two = c.wrong("yes", "open", eve), c.wrong("no", "open", eve), c.wrong("two", "open", "arn:aws:sts::111122223333:assumed-role/admin/ada")
	c.gone = c.wrong("dial", "open", eve)
	c.open = c.wrong("dial", "open-wide", eve)
	for _, w := range []struct {
		r approval.Request
		v approval.Verdict
	}{{c.yes, approval.Yes}, {c.no, approval.No}, {c.two, approval.Yes}} {
		c.give(wordsARN, c.answer(w.r, func(a *approval.Answer) { a.Verdict = w.v }))
	}
	c.queue = nil
	return c
}

// wrong lets a dial be wrong and people be asked about it.
func (c *court) wrong(id, value, who string) approval.Request {
	c.t.Helper()
	c.dial.value = value
	s := c.event(who)
	s.ResourceID = id
	if _, err := c.engine().Evaluate(c.t.Context(), s); err != nil {
		c.t.Fatal(err)
	}
	where := c.resource()
	where.ID = id
	c.give(otherARN, encode(approval.Pointer{Control: control, Resource: where}))
	var found approval.Request
	for _, r := range (&history{world: c.world}).kept() {
		if r.Where.ID == id && r.State == approval.Pending {
			found = r
		}
	}
	if found.Plan == "" {
		c.t.Fatalf("nobody was asked about %s", id)
	}
	return found
}

// give delivers a message, and returns whether it is to be delivered again.
func (c *court) give(queue, body string) bool {
	c.t.Helper()
	raw, err := json.Marshal(batch(queue, body))
	if err != nil {
		c.t.Fatal(err)
	}
	out, err := c.handler.Handle(c.t.Context(), raw)
	if err != nil {
		c.t.Fatal(err)
	}
	return again(out.(lambdaevents.SQSEventResponse), nil) != nil
}

func (c *court) answer(r approval.Request, change ...func(*approval.Answer)) string {
	a := approval.Answer{Key: r.Key, Round: r.Round, Verdict: approval.Yes, Identity: "U0ADA00001", Via: "slack"}
	for _, f := range change {
		f(&a)
	}
	return encode(approval.Said{Answer: &a})
}

func (c *court) exempt(r approval.Request, who string, change ...func(*approval.Exempting)) string {
	e := approval.Exempting{Key: r.Key, Identity: who, Exemption: approval.Exemption{Owner: "web", Reason: "press photos", Until: c.now.Add(30 * 24 * time.Hour)}}
	for _, f := range change {
		f(&e)
	}
	return encode(approval.Said{Exempt: &e})
}

func lift(who string) string {
	return encode(approval.Said{Lift: &approval.Lifting{Why: "it is over", Identity: who}})
}

// snapshot is all that words may change, save the record.
func (c *court) snapshot() string {
	var b bytes.Buffer
	for _, table := range []string{"shoreup-approvals", "shoreup-state"} {
		keys := slices.SortedFunc(maps.Keys(c.tables.rows[table]), func(a, b [2]string) int { return strings.Compare(a[0]+"\x00"+a[1], b[0]+"\x00"+b[1]) })
		for _, k := range keys {
			fmt.Fprintln(&b, table, k, encode(c.tables.rows[table][k]))
		}
	}
	return b.String()
}

// records are those after so many.
func (c *court) records(after int64) []audit.Entry {
	c.t.Helper()
	all, err := c.log.List(c.t.Context(), c.account, after, 0)
	if err != nil {
		c.t.Fatal(err)
	}
	return all
}

const deadLetter = "dead letter"

// TestHostileWords says what becomes of each: a code of refusal, on record once, or a dead letter, which leaves no record. None changes anything else, whoever
// delivers it, and none is delivered again for ever.
func TestHostileWords(t *testing.T) {
	t.Parallel()
	c := newCourt(t)
	n := 0
	try := func(name, queue, body, want string) {
		t.Helper()
		n++
		for round := range 2 { // the second time by a process that is new
			if round == 1 {
				dead := c.handler.DeadLetter
				c.handler = c.world.decide()
				c.handler.DeadLetter = dead
			}
			before, records, dead := c.snapshot(), c.model.length(), c.dead
			if c.give(queue, body) {
				t.Errorf("%s: it is to be delivered again", name)
			}
			fresh := c.records(records)
			if after := c.snapshot(); after != before {
				t.Errorf("%s: it changed\n%s\nto\n%s", name, before, after)
			}
			if want == deadLetter {
				if len(fresh) != 0 || c.dead != dead+1 {
					t.Errorf("%s: %d records and %d dead letters more, want a dead letter", name, len(fresh), c.dead-dead)
				}
				continue
			}
			var d entry
			if len(fresh) == 1 {
				if err := json.Unmarshal(fresh[0].Detail, &d); err != nil {
					t.Fatal(err)
				}
			}
			if len(fresh) != 1 || fresh[0].Kind != audit.Verdict || fresh[0].Outcome != string(core.Refused) || d.Refused == "" || d.Code != want || c.dead != dead {
				t.Errorf("%s: %d records, code %q (%s), %d dead letters more; want one refusal with code %q", name, len(fresh), d.Code, d.Refused, c.dead-dead, want)
			}
		}
		if len(c.queue) > 0 {
			t.Errorf("%s: it gave out %v", name, c.queue)
			c.queue = nil
		}
	}
	for _, row := range c.words() {
		try(row.name, wordsARN, row.body, row.want)
	}
	for _, row := range c.bodies() {
		try(row.name, wordsARN, row.body, deadLetter)
	}
	for _, row := range c.pointers() {
		try(row.name, otherARN, row.body, deadLetter)
	}
	for _, queue := range []string{"", "shoreup-words", strings.ToUpper(wordsARN), wordsARN + "-dlq", wordsARN + " ", "arn:aws:sqs:eu-west-1:444455556666:shoreup-words", otherARN} {
		try("a good word from "+queue, queue, c.answer(c.open), deadLetter)
	}
	if n < 150 {
		t.Errorf("%d hostile messages, want 150 at least", n)
	}
	t.Logf("%d hostile messages, each given twice", n)
}

// TestALateWordEndsWhatIsOver: what is late is refused as such; that nobody decided in time is the clock's word, and recorded as that.
func TestALateWordEndsWhatIsOver(t *testing.T) {
	t.Parallel()
	c := newCourt(t)
	before := c.model.length()
	for range 2 {
		if c.give(wordsARN, c.answer(c.late)) || len(c.queue) > 0 {
			t.Errorf("it is to be delivered again, or was handed over: %v", c.queue)
		}
	}
	var got []string
	for _, e := range c.records(before) {
		var d entry
		if err := json.Unmarshal(e.Detail, &d); err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Outcome+" "+e.Actor+" "+d.Code)
	}
	if want := "expired shoreup ; refused ada moved; refused ada ended"; strings.Join(got, "; ") != want {
		t.Errorf("recorded %q, want %q", got, want)
	}
}
