// Package requests counts what looking, fixing and reading back costs in requests to the customer's account, keeps it within what was promised, and prints it as
// a table: go test -v ./tests/requests.
package requests

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
	"github.com/shoreup/shoreup/shared/rules"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

// spent are requests by the part of the way that made them.
type spent struct {
	plan, replan, write, readBack int
	tables                        int // to our own tables; they are not in the customer's account
}

func (s spent) total() int { return s.plan + s.replan + s.write + s.readBack }

// budget is what a case may cost. A case without fix has only a plan.
type budget struct {
	control, name, script string
	plan                  int // exactly, or with atMost at most; to plan again costs the same
	atMost                bool
	fix                   bool
	readBack              int // exactly, or with atMost at most
	total                 int // at most
}

const (
	bucket = `
s3:CreateBucket {"Bucket":"${bucket}","CreateBucketConfiguration":{"LocationConstraint":"eu-west-1"}}
`
	everyone = `{"Sid":"All","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::${bucket}/*"}`
	partner  = `{"Sid":"Partner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::210987654321:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::${bucket}/*"}`
	blocked  = `{"BlockPublicAcls":true,"IgnorePublicAcls":true,"BlockPublicPolicy":true,"RestrictPublicBuckets":true}`
	group    = `
vpc = ec2:CreateVpc {"CidrBlock":"10.0.0.0/16"} Vpc.VpcId
sg = ec2:CreateSecurityGroup {"GroupName":"web","Description":"web servers","VpcId":"${vpc}"} GroupId
subnet = ec2:CreateSubnet {"VpcId":"${vpc}","CidrBlock":"10.0.1.0/24"} Subnet.SubnetId
ec2:CreateNetworkInterface {"SubnetId":"${subnet}","Groups":["${sg}"]}
`
	world = `
list = ec2:CreateManagedPrefixList {"PrefixListName":"all","AddressFamily":"IPv4","MaxEntries":2,"Entries":[{"Cidr":"0.0.0.0/1"},{"Cidr":"128.0.0.0/1"}]} PrefixList.PrefixListId
`
	office = `
list = ec2:CreateManagedPrefixList {"PrefixListName":"office","AddressFamily":"IPv4","MaxEntries":2,"Entries":[{"Cidr":"203.0.113.0/24"}]} PrefixList.PrefixListId
`
)

func policy(statements ...string) string {
	return `s3:PutBucketPolicy {"Bucket":"${bucket}","Policy":{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + "]}}\n"
}

func ingress(port int, source string) string {
	return fmt.Sprintf(`ec2:AuthorizeSecurityGroupIngress {"GroupId":"${sg}","IpPermissions":[{"IpProtocol":"tcp","FromPort":%d,"ToPort":%d,%s}]}`+"\n", port, port, source)
}

const (
	fromWorld = `"IpRanges":[{"CidrIp":"0.0.0.0/0"}]`
	fromList  = `"PrefixListIds":[{"PrefixListId":"${list}"}]`
	s3Public  = "s3-bucket-public"
	sgOpen    = "ec2-security-group-open"
)

// budgets are the bars: a fully blocked bucket costs 1 read; a public one at most 8 to plan, as many to plan again, the write and the read-back, 18 in all. A
// group in order costs 1 read; an open one its rules, group and interfaces, and 1 per prefix list, the same again, 1 write and 1 read-back.
var budgets = []budget{
	{control: s3Public, name: "bucket, fully blocked", script: bucket + policy(everyone) + `s3:PutPublicAccessBlock {"Bucket":"${bucket}","PublicAccessBlockConfiguration":` + blocked + "}", plan: 1},
	{control: s3Public, name: "bucket, blocked by its account", script: bucket + policy(everyone) + `s3control:PutPublicAccessBlock {"AccountId":"${account}","PublicAccessBlockConfiguration":` + blocked + "}", plan: 2},
	{control: s3Public, name: "bucket, private", script: bucket, plan: 8, atMost: true},
	{control: s3Public, name: "bucket, public policy", script: bucket + policy(everyone), plan: 8, atMost: true, fix: true, readBack: 1, total: 18},
	{control: s3Public, name: "bucket, public ACL", script: bucket + `s3:PutBucketAcl {"Bucket":"${bucket}","ACL":"public-read"}`, plan: 8, atMost: true, fix: true, readBack: 1, total: 18},
	{control: s3Public, name: "bucket, public beside a partner", script: bucket + policy(everyone, partner), plan: 8, atMost: true, fix: true, readBack: 8, total: 18},
	{control: sgOpen, name: "group, in order", script: group + ingress(443, fromWorld), plan: 1},
	{control: sgOpen, name: "group, in order, prefix list", script: group + office + ingress(22, fromList), plan: 2},
	{control: sgOpen, name: "group, open", script: group + ingress(22, fromWorld), plan: 3, fix: true, readBack: 1, total: 8},
	{control: sgOpen, name: "group, open, several rules", script: group + ingress(22, fromWorld) + ingress(3389, fromWorld) + ingress(5432, fromWorld), plan: 3, fix: true, readBack: 1, total: 8},
	{control: sgOpen, name: "group, open by prefix list", script: group + world + ingress(22, fromList), plan: 4, fix: true, readBack: 1, total: 10},
}

func TestRequestBudgets(t *testing.T) {
	got := make([]spent, len(budgets))
	t.Run("cases", func(t *testing.T) {
		for i, b := range budgets {
			t.Run(b.name, func(t *testing.T) {
				t.Parallel()
				got[i] = measure(t, b)
				b.check(t, got[i])
			})
		}
	})
	var table strings.Builder
	row := func(cells ...any) { fmt.Fprintf(&table, "%-34s %6v %8v %6v %10v %6v %5v %12v\n", cells...) }
	row("requests to the account", "plan", "re-plan", "write", "read-back", "total", "bar", "(own tables)")
	for i, b := range budgets {
		s := got[i]
		bar := b.plan
		if b.fix {
			bar = b.total
		}
		row(b.name, s.plan, s.replan, s.write, s.readBack, s.total(), bar, s.tables)
	}
	t.Log("\n" + table.String())
}

func (b budget) check(t *testing.T, s spent) {
	t.Helper()
	over := func(got, bar int) bool { return got > bar || got < bar && !b.atMost || got == 0 }
	if over(s.plan, b.plan) {
		t.Errorf("%d requests to plan, want %d", s.plan, b.plan)
	}
	if !b.fix {
		if s.replan+s.write+s.readBack > 0 {
			t.Errorf("%+v: nothing was to be done", s)
		}
		return
	}
	if s.replan != s.plan {
		t.Errorf("%d requests to plan again, want the %d of the first plan", s.replan, s.plan)
	}
	if s.write != 1 {
		t.Errorf("%d writes, want 1", s.write)
	}
	if over(s.readBack, b.readBack) {
		t.Errorf("%d requests to read back, want %d", s.readBack, b.readBack)
	}
	if s.total() > b.total {
		t.Errorf("%d requests in all, want at most %d", s.total(), b.total)
	}
}

// everythingByApproval lets a test stop between the plan and its being carried out, and carries out what is never automatic.
const everythingByApproval = "version: 1\nrules:\n  - { name: ask, match: { families: [storage, network] }, mode: approve }\n"

// measure makes the case's resource in an account of its own and takes it through the engine, as an event would.
func measure(t *testing.T, b budget) spent {
	t.Helper()
	cloud := tabletest.New(t)
	account := cloud.Session.Account
	vars := map[string]string{"account": account, "bucket": "b-" + account}
	if err := setup.Run(t.Context(), cloud.Session, b.script, vars); err != nil {
		t.Fatal(err)
	}
	var tables atomic.Int64
	cloud.Fail(func(op string) tabletest.Fault {
		if op != "" { // S3 and EC2 name their operations otherwise
			tables.Add(1)
		}
		return tabletest.None
	})
	rec, marks := &awsapi.Recorder{}, &marks{}
	e := newEngine(t, cloud, func() { marks.set(rec.Total()) })
	ctx := awsapi.WithRecorder(t.Context(), rec)
	findings, err := e.Evaluate(ctx, sight(b, vars, account))
	if err != nil || len(findings) != 1 {
		t.Fatalf("evaluating: %d findings, %v", len(findings), err)
	}
	out := spent{plan: rec.Total()}
	if want := map[bool]core.Outcome{false: core.Compliant, true: core.AwaitingApproval}[b.fix]; findings[0].Outcome != want {
		t.Fatalf("outcome %s (%s), want %s", findings[0].Outcome, findings[0].Reason, want)
	}
	if b.fix {
		carryOut(ctx, t, e, findings[0])
		c, _ := e.Control(b.control)
		for _, op := range c.Writes {
			out.write += rec.Counts()[op.Name]
		}
		out.replan = marks.get() - out.plan
		out.readBack = rec.Total() - out.plan - out.replan - out.write
	}
	out.tables = int(tables.Load())
	return out
}

func carryOut(ctx context.Context, t *testing.T, e *engine.Engine, f core.Finding) {
	t.Helper()
	open, err := e.State.ListOpen(ctx, f.Account)
	if err != nil || len(open) != 1 {
		t.Fatalf("%d open occurrences, %v", len(open), err)
	}
	done, err := e.Apply(ctx, engine.Order{Occurrence: open[0].ID, Control: f.Control, Resource: f.Plan.Resource, Hash: f.Hash}, "dana")
	if err != nil {
		t.Fatal(err)
	}
	if done.Outcome != core.Fixed {
		t.Fatalf("outcome %s (%s), want fixed", done.Outcome, done.Reason)
	}
}

func sight(b budget, vars map[string]string, account string) signal.Signal {
	s := signal.Signal{Class: signal.ClassSweep, Relevant: true, ResourceType: "AWS::S3::Bucket", ResourceID: vars["bucket"], Account: account, Region: "eu-west-1", Partition: "aws", Time: time.Now()}
	if b.control == sgOpen {
		s.ResourceType, s.ResourceID = "AWS::EC2::SecurityGroup", vars["sg"]
	}
	return s
}

// marks remembers how many requests were made when the engine asked for a session to write with: the end of planning again.
type marks struct {
	mu sync.Mutex
	n  int
}

func (m *marks) set(n int) { m.mu.Lock(); defer m.mu.Unlock(); m.n = n }
func (m *marks) get() int  { m.mu.Lock(); defer m.mu.Unlock(); return m.n }

func newEngine(t *testing.T, cloud *tabletest.Cloud, writing func()) *engine.Engine {
	t.Helper()
	file, err := rules.Load([]byte(everythingByApproval))
	if err != nil {
		t.Fatal(err)
	}
	var controls []core.Control
	for _, c := range catalog.Controls() {
		if c.ID == s3Public || c.ID == sgOpen {
			controls = append(controls, c)
		}
	}
	if len(controls) != 2 {
		t.Fatalf("%d controls, want %s and %s", len(controls), s3Public, sgOpen)
	}
	store := cloud.Store()
	return &engine.Engine{
		Controls: controls, Rules: func(context.Context) *rules.File { return file },
		Read: func(_ context.Context, _, region string) (awsapi.Session, error) {
			return cloud.Session.In(region), nil
		},
		Write: func(context.Context, engine.WriteRequest) (awsapi.Session, error) {
			writing()
			return cloud.Session, nil
		},
		State: occurrence.New(store, cloud.Table(occurrence.StateTable), time.Now),
		Log:   audit.New(store, cloud.Table(occurrence.AuditTable), time.Now, "requests"),
		Now:   time.Now, Sleep: engine.SleepFor, Owner: "requests",
	}
}
