package reports

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/notify"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
	"github.com/shoreup/shoreup/shared/report"
	"github.com/shoreup/shoreup/shared/review"
	"github.com/shoreup/shoreup/shared/rules"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

const people = `version: 1
people:
  - { name: ada, slack: U0ADA00001 }
  - { name: bo, slack: U0BO000001 }
  - { name: eve, aws: ["sso:eve"] }
exceptions:
  - { control: s3-bucket-public, resource: old-site, account: "111122223333", owner: team-web, reason: being moved, expires: 2027-01-01 }
`

// world is an installation with a clock.
type world struct {
	t       *testing.T
	account string
	now     time.Time
	desk    *approval.Desk
	source  Source
	file    *rules.File
}

func newWorld(t *testing.T) *world {
	t.Helper()
	cloud := tabletest.New(t)
	w := &world{t: t, account: cloud.Session.Account, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return w.now }
	file, err := rules.Load([]byte(people))
	if err != nil {
		t.Fatal(err)
	}
	w.file = file
	log := audit.New(cloud.Store(), cloud.Table(occurrence.AuditTable), clock, "test")
	book := occurrence.New(cloud.Store(), cloud.Table(occurrence.StateTable), clock)
	meta := core.Meta{ID: "s3-bucket-public", Title: "Close buckets", Family: "storage", Service: "s3", Severity: core.Critical, Version: 1,
		Type: awsapi.ResourceType{Name: "AWS::S3::Bucket", ARN: func(r awsapi.Resource) string { return "arn:aws:s3:::" + r.ID }}}
	w.desk = &approval.Desk{
		Store: cloud.Store(), Table: cloud.Table(occurrence.ApprovalTable), Account: w.account, Log: log, Book: book, Now: clock,
		Rules:   func(context.Context) *rules.File { return w.file },
		Control: func(id string) (core.Meta, bool) { return meta, id == meta.ID },
		Order:   func(context.Context, approval.Request) error { return nil },
	}
	tables := review.TablesOf(cloud.Session, tabletest.Prefix, log, book)
	tables.Now = clock
	w.source = Source{Tables: tables, Controls: []core.Meta{meta}, Rules: file, Accounts: []string{w.account}}
	return w
}

func (w *world) bucket(name string) awsapi.Resource {
	return awsapi.Resource{Type: "AWS::S3::Bucket", ID: name, Account: w.account, Region: "eu-west-1", Partition: "aws"}
}

// wrong opens an occurrence whose plan waits for people, and asks them.
func (w *world) wrong(name string) (occurrence.Occurrence, approval.Key) {
	w.t.Helper()
	plan := core.Plan{Schema: core.Schema, Control: "s3-bucket-public", Version: 1, Resource: w.bucket(name), Before: "a", After: "b", Violations: []core.Violation{{Rule: "public", Where: "policy", Reason: "anyone may read"}},
		Changes: []core.Change{{Do: awsapi.Call{Op: "s3:PutPublicAccessBlock", Input: json.RawMessage(`{"Bucket":"` + name + `"}`)}, Why: "close it"}}}
	raw, err := plan.Bytes()
	if err != nil {
		w.t.Fatal(err)
	}
	hash, err := plan.Hash()
	if err != nil {
		w.t.Fatal(err)
	}
	occ, _, err := w.desk.Book.Open(w.t.Context(), occurrence.Occurrence{
		Control: "s3-bucket-public", Resource: w.bucket(name), State: occurrence.Waiting, PlanID: "p-" + name, PlanHash: hash, Plan: raw, Decision: "approve", Person: "sso:eve", Actor: "eve", Origin: "event", Cause: w.now.Add(-time.Hour),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.desk.Follow(w.t.Context(), "s3-bucket-public", w.bucket(name), ""); err != nil {
		w.t.Fatal(err)
	}
	return occ, approval.Key{Account: w.account, Kind: approval.Fix, ID: occ.ID, Hash: hash}
}

// exempt keeps an exemption that people agreed on.
func (w *world) exempt(until time.Time) {
	w.t.Helper()
	open, err := w.desk.Book.ListOpen(w.t.Context(), w.account)
	if err != nil || len(open) != 1 {
		w.t.Fatalf("%+v, %v", open, err)
	}
	key := approval.Key{Account: w.account, Kind: approval.Fix, ID: open[0].ID, Hash: open[0].PlanHash}
	asked, err := w.desk.AskExemptionOf(w.t.Context(), key, approval.Exemption{Owner: "team-web", Reason: "on purpose", Until: until}, "U0ADA00001")
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.desk.Decide(w.t.Context(), approval.Answer{Key: asked.Key, Round: 1, Verdict: approval.Yes, Identity: "U0BO000001", Via: "slack"}); err != nil {
		w.t.Fatal(err)
	}
}

// record appends an entry a while ago.
func (w *world) record(ago time.Duration, detail string) {
	w.t.Helper()
	before := w.now
	w.now = w.now.Add(-ago)
	defer func() { w.now = before }()
	if _, err := w.desk.Log.Append(w.t.Context(), w.account, audit.Entry{Kind: audit.Refusal, Occurrence: "o-" + detail, Plan: "p", Control: "s3-bucket-public", Resource: "arn:aws:s3:::x", Outcome: "refused",
		Detail: json.RawMessage(`{"reason":"` + detail + `"}`)}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) gather() *Gathered {
	w.t.Helper()
	g, err := w.source.FromTables(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

func TestWhatWaitsIsReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	occ, key := w.wrong("photos")
	g := w.gather()
	r := g.Report()
	if len(g.Cut) > 0 || len(r.Plans) != 1 || len(r.Waiting) != 1 || len(r.Accounts) != 1 || r.Accounts[0].Head.Seq == 0 {
		t.Fatalf("cut %v, %d plans, %d waiting, accounts %+v", g.Cut, len(r.Plans), len(r.Waiting), r.Accounts)
	}
	p, q := r.Plans[0], r.Waiting[0]
	if p.Hash != key.Hash || p.Occurrence != occ.ID || p.Outcome != core.AwaitingApproval || p.Violations[0].Reason != "anyone may read" || len(p.Changes) != 1 || p.Exposure != 3600 {
		t.Errorf("the plan is %+v", p)
	}
	want := report.Waiting{
		Key: "fix/" + w.account + "/1/" + key.Hash + "/" + occ.ID, Plan: p.Key, Kind: "plan", Approval: "fix/" + w.account + "/1/" + key.Hash + "/" + occ.ID, Subject: p.Subject,
		For: []string{"ada", "bo"}, Since: w.now, Expires: w.now.AddDate(0, 0, 7), Given: []report.Verdict{}, Needed: 1,
	}
	if diff := cmp.Diff(want, q); diff != "" {
		t.Errorf("waiting (-want +got)\n%s", diff)
	}
	if len(r.Exceptions) != 1 || r.Exceptions[0].Source != "rules file, line 7" {
		t.Errorf("exceptions %+v", r.Exceptions)
	}
}

// A stranger's word says nothing of the plan: it goes on waiting.
func TestARefusedWordDoesNotLookLikeARefusedPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, key := w.wrong("photos")
	_, err := w.desk.Decide(t.Context(), approval.Answer{Key: key, Round: 1, Verdict: approval.Yes, Identity: "sso:nobody", Via: "cli"})
	var no *approval.Refusal
	if !errors.As(err, &no) {
		t.Fatal(err)
	}
	if r := w.gather().Report(); r.Plans[0].Outcome != core.AwaitingApproval || len(r.Refused) != 1 || r.Refused[0].Kind != "word" || r.Refused[0].By != "sso:nobody" || r.Refused[0].Code != "stranger" {
		t.Errorf("%s, refused %+v", r.Plans[0].Outcome, r.Refused)
	}
}

func TestWhatIsAgreedIsReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, key := w.wrong("photos")
	asked, err := w.desk.AskExemptionOf(t.Context(), key, approval.Exemption{Owner: "team-web", Reason: "on purpose", Until: w.now.AddDate(0, 0, 5)}, "U0ADA00001")
	if err != nil {
		t.Fatal(err)
	}
	r := w.gather().Report()
	if len(r.Waiting) != 2 {
		t.Fatalf("%d wait", len(r.Waiting))
	}
	for _, q := range r.Waiting {
		if q.Kind == "exempt" && (q.Plan != "" || q.RequestedBy != "ada" || q.Hash != asked.Key.Hash || q.About != "nobody may fix it until 2026-11-27 12:00:00; owner team-web: on purpose") {
			t.Errorf("asked is %+v", q)
		}
	}
	if _, err := w.desk.Decide(t.Context(), approval.Answer{Key: asked.Key, Round: 1, Verdict: approval.Yes, Identity: "U0BO000001", Via: "slack"}); err != nil {
		t.Fatal(err)
	}
	exempt := core.Finding{Control: "s3-bucket-public", Account: w.account, Region: "eu-west-1", Resource: "photos", ResourceType: "AWS::S3::Bucket", Outcome: core.Excepted,
		Decision: core.Decision{Mode: "exception", Rule: "exemption"}, Context: core.Context{Owner: "team-web"}, ARN: "arn:aws:s3:::photos"}
	another := exempt
	another.Resource = "other"
	g, err := w.source.Beside(t.Context(), []core.Finding{exempt, another}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r = g.Report()
	i := 0
	if r.Exceptions[i].Source != agreed {
		i = 1
	}
	x := r.Exceptions[i]
	if x.Approver != "bo" || x.Owner != "team-web" || !x.EndsSoon || len(x.Plans) != 1 {
		t.Fatalf("%+v", r.Exceptions)
	}
	for _, p := range r.Plans {
		if p.Key == x.Plans[0] && p.Resource != "photos" {
			t.Errorf("it holds off %s", p.Resource)
		}
	}
	if g.Owners["arn:aws:s3:::photos"] != "team-web" {
		t.Errorf("owners %v", g.Owners)
	}
}

// The log knows who owned a resource when it was planned for, so that a report without a look says so in every list.
func TestOwnersOfTheLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	occ, key := w.wrong("photos")
	for _, owner := range []string{"team-old", "team-web"} {
		if _, err := w.desk.Log.Append(t.Context(), w.account, audit.Entry{Kind: audit.Plan, Occurrence: occ.ID, Plan: occ.PlanID, Control: "s3-bucket-public", Resource: "arn:aws:s3:::photos", Outcome: "awaiting_approval",
			Detail: json.RawMessage(`{"hash":"` + key.Hash + `","owner":"` + owner + `"}`)}); err != nil {
			t.Fatal(err)
		}
	}
	if r := w.gather().Report(); len(r.Waiting) != 1 || r.Waiting[0].Owner != "team-web" {
		t.Errorf("waiting %+v", r.Waiting)
	}
	w.exempt(w.now.AddDate(0, 0, 5))
	r := w.gather().Report()
	if len(r.Plans) != 1 || r.Plans[0].Owner != "team-web" || r.Plans[0].Open || r.Plans[0].Outcome != core.Excepted || r.Plans[0].Reason != "exempt until 2026-11-27, as bo agreed; owner team-web: on purpose" || len(r.Exceptions[0].Plans) != 1 || len(r.Waiting) != 0 {
		t.Errorf("plans %+v, waiting %+v, exceptions %+v", r.Plans, r.Waiting, r.Exceptions)
	}
}

// What would be otherwise, and what would be called, stands in the report for those who decide.
func TestWhatAYesLeadsTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	plan := core.Plan{Schema: core.Schema, Control: "s3-bucket-public", Version: 1, Resource: w.bucket("photos"), Before: "a", After: "b",
		Changes: []core.Change{{Do: awsapi.Call{Op: "s3:PutBucketPolicy", Input: json.RawMessage(`{"Bucket":"photos","Policy":"<a> & b"}`)}, Why: "take back: close it"}}}
	raw, err := plan.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	hash, err := plan.Hash()
	if err != nil {
		t.Fatal(err)
	}
	w.desk.Undoable = func(context.Context, string, int64) (approval.Undoable, error) {
		return approval.Undoable{Intent: 3, Plan: raw, Hash: hash, Control: plan.Control, Where: plan.Resource, ARN: "arn:aws:s3:::photos", Fix: "p-9", Fixed: w.now, Approver: "bo", Cause: "sso:eve"}, nil
	}
	if _, err := w.desk.AskUndo(t.Context(), approval.Undoing{Account: w.account, Seq: 3, Why: "the site is down", Identity: "U0ADA00001"}); err != nil {
		t.Fatal(err)
	}
	if w.file, err = rules.Load([]byte(strings.Replace(people, "exceptions:", "  - { name: mal, slack: U0MAL00001 }\nexceptions:", 1))); err != nil {
		t.Fatal(err)
	}
	if err := w.desk.Electors(t.Context()); err != nil {
		t.Fatal(err)
	}
	items, err := w.source.Tables.Pending(t.Context(), []string{w.account})
	if err != nil {
		t.Fatal(err)
	}
	travelled, err := json.Marshal(items)
	if err != nil {
		t.Fatal(err)
	}
	items = nil
	if err := json.Unmarshal(travelled, &items); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]report.Report{"the tables": w.gather().Report(), "the review URL": w.source.Waiting(items, nil).Report()} {
		if len(r.Waiting) != 2 {
			t.Fatalf("%s: %+v", name, r.Waiting)
		}
		w.leadsTo(name, r.Waiting, hash)
	}
}

func (w *world) leadsTo(name string, waiting []report.Waiting, hash string) {
	t := w.t
	t.Helper()
	for _, q := range waiting {
		switch q.Kind {
		case "undo":
			want := "takes back plan p-9, carried out on 2026-11-22 12:00:00 UTC and approved by bo; the next sweep finds the resource again unless an exemption covers it. Why: the site is down"
			if q.About != want || q.Hash != hash || len(q.Changes) != 1 || q.Changes[0].Call != "s3:PutBucketPolicy" || q.RequestedBy != "ada" || q.Resource != "photos" {
				t.Errorf("%s: the undo says %+v", name, q)
			}
		case "approvers":
			if diff := cmp.Diff([]string{"mal is added, known as Slack member U0MAL00001"}, q.Details); diff != "" || q.About != "who decides becomes what the changed rules file says" {
				t.Errorf("%s: the people: %+v (-want +got)\n%s", name, q, diff)
			}
		default:
			t.Errorf("%s: %+v waits", name, q)
		}
	}
}

// What was looked at and found in order is not wrong because the tables still say so.
func TestLookingIsNewerThanTables(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.wrong("photos")
	g, err := w.source.Beside(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r := g.Report(); len(r.Plans) != 0 {
		t.Errorf("%+v", r.Plans)
	}
}

func TestTheLogIsReadFromTheFirstDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 40 {
		w.record(time.Duration(40-i)*24*time.Hour, fmt.Sprint("day-", i))
	}
	g := w.gather()
	if n := len(g.Entries); n != 30 || g.Entries[0].Seq != 11 {
		t.Errorf("%d entries from %d", n, g.Entries[0].Seq)
	}
	w.source.Days = 3
	if g := w.gather(); len(g.Entries) != 3 || len(g.Cut) > 0 || g.Entries[0].Body != nil {
		t.Errorf("%d entries in 3 days, cut %v", len(g.Entries), g.Cut)
	}
}

func TestWhatDoesNotFitIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.wrong("photos")
	for i := range 20 {
		w.record(0, fmt.Sprint("entry-", i))
	}
	w.source.Limits = Limits{Entries: 5, Bytes: 1 << 20}
	g := w.gather()
	head, err := w.desk.Log.Head(t.Context(), w.account)
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Entries) != 5 || g.Entries[4].Seq != head.Seq || len(g.Cut) != 1 {
		t.Errorf("%d entries up to %d of %d, cut %v", len(g.Entries), g.Entries[4].Seq, head.Seq, g.Cut)
	}
	w.source.Limits = Limits{Entries: 1000, Bytes: 10}
	g = w.gather()
	if g.Open[0].Plan != nil || g.Open[0].PlanHash != "" || len(g.Entries) < 20 || g.Entries[0].Detail != nil || len(g.Cut) == 0 || len(g.Cut) > mostCut {
		t.Errorf("plan %s, %d entries, cut %v", g.Open[0].Plan, len(g.Entries), g.Cut)
	}
	if r := g.Report(); len(r.Plans) != 1 {
		t.Errorf("%d plans", len(r.Plans))
	}
}

func TestReportOfWhatWaitsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, key := w.wrong("photos")
	items, err := w.source.Tables.Pending(t.Context(), []string{w.account})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(items) // as it comes from the review URL
	if err != nil {
		t.Fatal(err)
	}
	items = nil
	if err := json.Unmarshal(raw, &items); err != nil {
		t.Fatal(err)
	}
	r := w.source.Waiting(items, nil).Report()
	if len(r.Plans) != 1 || len(r.Waiting) != 1 || r.Plans[0].Hash != key.Hash || r.Waiting[0].Plan != r.Plans[0].Key || len(r.Plans[0].Changes) != 1 || r.Plans[0].Outcome != core.AwaitingApproval {
		t.Errorf("%+v", r)
	}
}

// put is a bucket.
type put struct {
	keys  []string
	types map[string]string
	body  map[string][]byte
	fails string
}

func (p *put) put(_ context.Context, key, contentType string, content []byte) error {
	if p.fails != "" && strings.HasSuffix(key, p.fails) {
		return errors.New("no")
	}
	p.keys = append(p.keys, key)
	p.types[key], p.body[key] = contentType, bytes.Clone(content)
	return nil
}

func TestScheduled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.wrong("photos")
	w.exempt(w.now.AddDate(0, 0, 5))
	b := &put{types: map[string]string{}, body: map[string][]byte{}}
	var told []core.Finding
	s := &Scheduled{
		Source: func(context.Context) (Source, error) { return w.source, nil }, Put: b.put, Bucket: "shoreup-reports", Account: w.account, Region: "eu-west-1",
		Tell: func(_ context.Context, f core.Finding) error { told = append(told, f); return nil },
	}
	out, err := s.Handle(t.Context(), json.RawMessage(`{"source":"aws.events"}`))
	if err != nil {
		t.Fatal(err)
	}
	stem := "2026/11/22/shoreup-20261122T120000Z"
	want := []string{stem + ".json", stem + ".csv", stem + ".html", "latest.html"}
	if diff := cmp.Diff(want, b.keys); diff != "" || out.Plans != 1 || !cmp.Equal(out.Keys, want) {
		t.Errorf("%+v (-want +got)\n%s", out, diff)
	}
	if !bytes.Equal(b.body[stem+".html"], b.body["latest.html"]) || !bytes.HasPrefix(b.body["latest.html"], []byte("<!doctype html>")) || !json.Valid(b.body[stem+".json"]) || !strings.Contains(string(b.body[stem+".csv"]), "photos") {
		t.Error("the files are not what they are called")
	}
	if bytes.Contains(b.body["latest.html"], []byte(`name="shoreup-review" content=`)) {
		t.Error("a file decides")
	}
	if len(told) != 1 || told[0].Reason != "wrong: 0; waiting for a person: 0; exempt: 2" {
		t.Fatalf("told %+v", told)
	}
	if diff := cmp.Diff([]string{"the exemption of photos from s3-bucket-public runs out on 2026-11-27; owner team-web: on purpose"}, told[0].Notes); diff != "" {
		t.Errorf("warnings (-want +got)\n%s", diff)
	}
	raw, err := notify.Encode(told[0]) // as it travels, and as people read it
	if err != nil {
		t.Fatal(err)
	}
	read, err := notify.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	message, err := json.Marshal(notify.Build([]core.Finding{read}, notify.Options{Channel: "#sec"})[0].Blocks)
	for _, want := range []string{"2026-11-22", "Open the report", "eu-west-1.console.aws.amazon.com/s3/object/shoreup-reports", "runs out on 2026-11-27"} {
		if err != nil || !strings.Contains(string(message), want) {
			t.Errorf("the message has no %q: %s, %v", want, message, err)
		}
	}
	link := told[0].Advice[0].Steps[0]
	if want := "https://eu-west-1.console.aws.amazon.com/s3/object/shoreup-reports?prefix=" + stem + ".html&region=eu-west-1"; !strings.HasPrefix(link, want) || strings.Contains(link, "X-Amz-") {
		t.Errorf("the link is %s", link)
	}
	for _, ending := range []string{".json", ".csv", ".html"} {
		b.fails, told = ending, nil
		if _, err := s.Handle(t.Context(), nil); err == nil || len(told) > 0 {
			t.Errorf("%s could not be written: %v, told %d", ending, err, len(told))
		}
	}
}

func TestConsole(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{
		"us-east-1": "https://us-east-1.console.aws.amazon.com/s3/object/b?prefix=a/b.html&region=us-east-1", "cn-north-1": "https://console.amazonaws.cn/s3/object/b?prefix=a/b.html&region=cn-north-1",
		"us-gov-west-1": "https://console.amazonaws-us-gov.com/s3/object/b?prefix=a/b.html&region=us-gov-west-1",
	} {
		if got := Console(region, "b", "a/b.html"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// A table that cannot be read is an error, and no report that looks complete.
func TestUnreadableTablesAreNoReport(t *testing.T) {
	t.Parallel()
	cloud := tabletest.New(t)
	var fail atomic.Bool
	cloud.Fail(func(op string) tabletest.Fault {
		if fail.Load() && op == "Query" {
			return tabletest.Broken
		}
		return tabletest.None
	})
	store := dynamodbapi.NewStore(cloud.Session)
	log, book := audit.New(store, cloud.Table(occurrence.AuditTable), time.Now, "t"), occurrence.New(store, cloud.Table(occurrence.StateTable), time.Now)
	s := Source{Tables: review.TablesOf(cloud.Session, tabletest.Prefix, log, book), Accounts: []string{cloud.Session.Account}}
	fail.Store(true)
	if g, err := s.FromTables(t.Context()); err == nil {
		t.Errorf("%+v", g)
	}
}

// What people said no to does not wait, whether it is looked at or read from the tables; it says who and why, and can be asked again as long as it is as it was.
func TestWhatIsRejectedIsReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, key := w.wrong("photos")
	late, _ := w.wrong("late")
	w.now = w.now.Add(time.Minute)
	if _, err := w.desk.Decide(t.Context(), approval.Answer{Key: key, Round: 1, Verdict: approval.No, Identity: "U0ADA00001", Via: "slack", Why: "the site needs it"}); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.AddDate(0, 0, 8) // nobody has ticked: the other one has expired all the same
	look := func(name string) core.Finding {
		return core.Finding{ID: "live", Hash: key.Hash, Control: "s3-bucket-public", Account: w.account, Region: "eu-west-1", Resource: name, ResourceType: "AWS::S3::Bucket", ARN: "arn:aws:s3:::" + name, Outcome: core.AwaitingApproval}
	}
	second := look("late")
	second.Hash = late.PlanHash
	live, err := w.source.Beside(t.Context(), []core.Finding{look("photos"), second}, nil)
	if err != nil {
		t.Fatal(err)
	}
	items, err := w.source.Tables.Ended(t.Context(), []string{w.account})
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]report.Report{"a look": live.Report(), "the tables": w.gather().Report(), "the review URL": w.source.Waiting(nil, items).Report()} {
		if len(r.Waiting) != 0 || len(r.Plans) != 2 || len(r.Refused) != 2 {
			t.Fatalf("%s: %d wait, plans %+v, refused %+v", name, len(r.Waiting), r.Plans, r.Refused)
		}
		for _, p := range r.Plans {
			want, why := core.Rejected, "rejected by ada: the site needs it"
			if p.Resource == "late" {
				want, why = core.Expired, "nobody decided in time"
			}
			if p.Outcome != want || p.Reason != why || !strings.HasPrefix(p.AskAgain, "fix/"+w.account+"/1/") {
				t.Errorf("%s: %s is %s, %q, ask again %q", name, p.Resource, p.Outcome, p.Reason, p.AskAgain)
			}
		}
		for _, x := range r.Refused {
			if x.Kind == "rejected" && name != "the review URL" && (x.By != "ada" || x.Reason != "the site needs it" || x.Via != "slack") || x.AskAgain == "" {
				t.Errorf("%s: refused %+v", name, x)
			}
		}
	}
	if r := w.source.Waiting(nil, items).Report(); r.Only != "waiting" || len(r.Exceptions) != 0 {
		t.Errorf("what is not known is said: %q, %+v", r.Only, r.Exceptions)
	}
}

// What was rejected and is over stays in the report, and is nothing to ask about.
func TestWhatCannotBeAskedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	occ, key := w.wrong("photos")
	if _, err := w.desk.Decide(t.Context(), approval.Answer{Key: key, Round: 1, Verdict: approval.No, Identity: "U0ADA00001", Via: "slack", Why: "no"}); err != nil {
		t.Fatal(err)
	}
	if items, err := w.source.Tables.Ended(t.Context(), []string{w.account}); err != nil || len(items) != 1 {
		t.Fatalf("%+v, %v", items, err)
	}
	step, err := w.desk.Book.Close(occ, string(core.Compliant))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.desk.Book.Do(t.Context(), step); err != nil {
		t.Fatal(err)
	}
	items, err := w.source.Tables.Ended(t.Context(), []string{w.account})
	if err != nil || len(items) != 0 {
		t.Errorf("%+v, %v", items, err)
	}
	if r := w.gather().Report(); len(r.Refused) != 1 || r.Refused[0].AskAgain != "" || r.Refused[0].Reason != "no" {
		t.Errorf("%+v", r.Refused)
	}
}
