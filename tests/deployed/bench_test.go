package deployed

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi/sqsapi"
	"github.com/shoreup/shoreup/shared/core"
)

// The bars: from an event's being on the bus to its fix's being proved, with so long a way to AWS and back.
const (
	roundTrip      = 30 * time.Millisecond
	barWarm        = time.Second
	barCold        = 2 * time.Second
	barInvocations = 2 // of evaluate and apply, for an automatic fix; telling people is a third, of a batch of news and after the fix, and no part of it

	// slack: what runs beside the measurement on a small machine makes times longer, so that the test fails only at so many times the bar; the table says what was missed.
	slack = 2
)

// TestLatency measures single events, one after the other: each of the cold ones meets functions without an instance.
func TestLatency(t *testing.T) {
	const warm, cold = 11, 5
	w := single(t, rulesFile(), roundTrip)
	one := func(name string) time.Duration {
		bucket := name + "-" + w.account
		w.openBucket(w.account, bucket)
		began := time.Now()
		w.put(bucketPolicy(w.account, bucket, nil).envelope(t))
		return w.fixedAt(bucket).Sub(began)
	}
	var colds, warms []time.Duration
	for i := range cold {
		w.settle()
		for _, f := range w.Functions() {
			if err := f.Cool(); err != nil {
				t.Fatal(err)
			}
		}
		colds = append(colds, one(fmt.Sprintf("cold-%d", i)))
	}
	before := w.invocations("evaluate") + w.invocations("apply")
	for i := range warm {
		warms = append(warms, one(fmt.Sprintf("warm-%d", i)))
	}
	w.settle()
	each := float64(w.invocations("evaluate")+w.invocations("apply")-before) / warm
	t.Logf("\nfrom event to verified fix, %v to AWS and back, %d cold and %d warm events\n%-28s %10s %10s %10s\n%-28s %10s %10s %10s\n%-28s %10s %10s %10s\n%-28s %10.1f %10s %10d",
		roundTrip, cold, warm, "", "p50", "worst", "bar (p50)",
		"warm", ms(p50(warms)), ms(slices.Max(warms)), ms(barWarm), "cold", ms(p50(colds)), ms(slices.Max(colds)), ms(barCold), "invocations for a fix", each, "", barInvocations)
	if p50(warms) > slack*barWarm || p50(colds) > slack*barCold {
		t.Errorf("warm %v and cold %v, the bars are %v and %v", p50(warms), p50(colds), barWarm, barCold)
	}
	if each > barInvocations {
		t.Errorf("%.1f invocations of evaluate and apply for a fix, the bar is %d", each, barInvocations)
	}
	w.noDeadLetters()
}

func ms(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

func p50(times []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(times))[len(times)/2]
}

// fixedAt waits for the record that a bucket's fix is proved and returns its time. People are told after that.
func (w *world) fixedAt(bucket string) time.Time {
	w.t.Helper()
	log := w.auditLog()
	var seen int64 // listing all of it again and again would be what is measured
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		entries, err := log.List(w.t.Context(), w.account, seen, 0)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, e := range entries {
			seen = e.Seq
			if e.Kind == audit.Result && e.Outcome == string(core.Fixed) && strings.HasSuffix(e.Resource, ":"+bucket) {
				return e.Time
			}
		}
	}
	w.t.Fatalf("bucket %s was not fixed within a minute", bucket)
	return time.Time{}
}

// envBurst asks for a larger burst: so many events, ten for each bucket. 5,000 events are the promise and take the emulator, which answers some 300 requests a
// second, many minutes; without the variable it is smallBurst, which is what all tests together run.
const (
	envBurst   = "SHOREUP_BURST"
	smallBurst = 50
)

// TestBurst sends events over a tenth as many buckets, each ten times: two different events, each of them five times, in random order.
func TestBurst(t *testing.T) {
	events := smallBurst
	if text := os.Getenv(envBurst); text != "" {
		var err error
		if events, err = strconv.Atoi(text); err != nil || events < 10 {
			t.Fatalf("%s=%q is no number of events", envBurst, text)
		}
	}
	w := single(t, burstRules(), 0)
	buckets := events / 10
	var queued [][]byte
	for i := range buckets {
		bucket := fmt.Sprintf("burst-%04d-%s", i, w.account)
		w.openBucket(w.account, bucket)
		at := time.Now().Add(-time.Minute)
		first, second := bucketPolicy(w.account, bucket, nil), happened{
			account: w.account, region: region, service: "s3", name: "CreateBucket", params: map[string]any{"bucketName": bucket},
		}
		first.id, first.at, second.id, second.at = 2*i, at, 2*i+1, at.Add(-time.Second)
		for range 5 {
			queued = append(queued, first.envelope(t), second.envelope(t))
		}
	}
	queued = append(queued, w.beyondLimit(t)...)
	rand.Shuffle(len(queued), func(i, j int) { queued[i], queued[j] = queued[j], queued[i] })
	w.warm()
	before := w.memory()
	began := time.Now()
	for _, event := range queued {
		w.put(event)
	}
	w.settle()
	took := time.Since(began)
	w.checkBurst(buckets)
	w.checkLimit(began)
	after := w.memory()
	t.Logf("\n%d events over %d buckets (%s=%d runs the whole burst): settled in %.0f s, %.1f fixes a second\n%s", len(queued), buckets, envBurst, 5000, took.Seconds(), float64(buckets)/took.Seconds(), w.table(before, after))
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if a := after[name]; a.most > a.limit {
			t.Errorf("%s has %d MiB, more than its %d", name, a.most>>20, a.limit>>20)
		}
		if b, ok := before[name]; ok && after[name].most > b.most+flat {
			t.Errorf("%s grew from %d to %d MiB", name, b.most>>20, after[name].most>>20)
		}
	}
}

// burstRules: whatever is open is closed, and nobody is asked about anything else, because Slack takes one question a second and the burst would wait for that.
func burstRules() string {
	return strings.NewReplacer(
		"limits:", fmt.Sprintf("limits:\n  - { controls: [%s], max: %d, per: hour }", limited, limit),
		"exceptions:", "exceptions:\n"+notAsked("burst-*")+notAsked("warm-*"),
	).Replace(rulesFile())
}

func notAsked(buckets string) string {
	return fmt.Sprintf("  - { control: s3-bucket-tls-only, resource: \"arn:aws:s3:::%s\", owner: test@example.com, reason: not of interest here, expires: 2036-01-01 }\n", buckets)
}

// In the midst of the burst one control has so many more resources than its limit of fixes an hour allows.
const (
	limited       = "sqs-queue-encrypted"
	limit, beyond = 3, 5
)

// beyondLimit makes queues without encryption, and the events that tell of them, each three times.
func (w *world) beyondLimit(t *testing.T) [][]byte {
	var out [][]byte
	for i := range limit + beyond {
		name := fmt.Sprintf("limited-%02d", i)
		w.script(w.account, region, `sqs:CreateQueue {"QueueName":"${queue}","Attributes":{"SqsManagedSseEnabled":"false"}}`, map[string]string{"queue": name})
		at := "https://sqs." + region + ".amazonaws.com/" + w.account + "/" + name
		e := happened{account: w.account, region: region, service: "sqs", name: "SetQueueAttributes", params: map[string]any{"queueUrl": at}, id: 1_000_000 + i, at: time.Now().Add(-time.Minute)}
		for range 3 {
			out = append(out, e.envelope(t))
		}
	}
	return out
}

// checkLimit proves that the limit held to the last fix, and that each of the rest was refused for it.
func (w *world) checkLimit(began time.Time) {
	w.t.Helper()
	fixed, refused := map[string]int{}, map[string]int{}
	for _, e := range w.records(w.account) {
		switch {
		case e.Control != limited:
		case e.Kind == audit.Result && e.Outcome == string(core.Fixed):
			fixed[e.Resource]++
		case e.Kind == audit.Refusal && strings.Contains(string(e.Detail), "a limit is reached"):
			refused[e.Resource]++
		}
	}
	allowed := limit * int(1+time.Now().Truncate(time.Hour).Sub(began.Truncate(time.Hour))/time.Hour) // an hour is one of the clock
	if len(fixed) < limit || len(fixed) > allowed || len(fixed)+len(refused) != limit+beyond {
		w.t.Errorf("%d queues were fixed and %d refused, the limit is %d of %d", len(fixed), len(refused), allowed, limit+beyond)
	}
	for arn := range fixed {
		if fixed[arn] != 1 || refused[arn] != 0 {
			w.t.Errorf("%s was fixed %d times and refused %d times", arn, fixed[arn], refused[arn])
		}
	}
	encrypted := 0
	for i := range limit + beyond {
		queue, err := sqsapi.ReadAttributes(w.t.Context(), w.session(w.account, region), "https://sqs."+region+".amazonaws.com/"+w.account+"/"+fmt.Sprintf("limited-%02d", i))
		if err != nil {
			w.t.Fatal(err)
		}
		if queue.ManagedSSE {
			encrypted++
		}
	}
	if encrypted != len(fixed) {
		w.t.Errorf("%d queues are encrypted, and %d were fixed", encrypted, len(fixed))
	}
}

// flat is by how much a function's memory may grow under a burst: Go's heap has its own ideas of when to give back.
const flat = 40 << 20

// warm lets every function work once, so that its memory is that of a function at work.
func (w *world) warm() {
	w.t.Helper()
	for i := range 5 {
		bucket := fmt.Sprintf("warm-%02d-%s", i, w.account)
		w.openBucket(w.account, bucket)
		w.put(bucketPolicy(w.account, bucket, nil).envelope(w.t))
	}
	w.settle()
}

// checkBurst proves that every violation was fixed exactly once, and that nothing was given up.
func (w *world) checkBurst(buckets int) {
	w.t.Helper()
	w.noDeadLetters()
	fixed := fixes(w.records(w.account))
	for i := range buckets {
		bucket := fmt.Sprintf("burst-%04d-%s", i, w.account)
		if n := fixed["arn:aws:s3:::"+bucket+" s3-bucket-public"]; n != 1 {
			w.t.Errorf("bucket %s was fixed %d times", bucket, n)
		}
		if !w.isClosed(w.account, bucket) {
			w.t.Errorf("bucket %s is still public", bucket)
		}
	}
	// Each bucket's Block Public Access was written once: what the record says is what was done.
	wrote := map[string]int{}
	for _, c := range w.tap.Calls() {
		if c.Operation == "PutPublicAccessBlock" && c.Status < 300 {
			wrote[c.Resources[0].ARN]++
		}
	}
	for arn, n := range wrote {
		if n != 1 {
			w.t.Errorf("%s was written %d times", arn, n)
		}
	}
}

// memoryUse is what a function's instances have.
type memoryUse struct {
	instances int
	most      int64 // of one instance, bytes
	limit     int64
}

// memory measures the instances that there are.
func (w *world) memory() map[string]memoryUse {
	w.t.Helper()
	out := map[string]memoryUse{}
	if runtime.GOOS != "linux" {
		return out
	}
	for _, f := range w.Functions() {
		stats, err := f.Stats()
		if err != nil {
			w.t.Fatal(err)
		}
		if len(stats) == 0 {
			continue
		}
		m := memoryUse{instances: len(stats), limit: int64(f.Memory) << 20}
		for _, s := range stats {
			m.most = max(m.most, s.RSSBytes)
		}
		out[f.Name] = m
	}
	return out
}

func (w *world) table(before, after map[string]memoryUse) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-20s %12s %10s %14s %14s %8s\n", "function", "invocations", "instances", "memory before", "memory after", "limit")
	for _, name := range slices.Sorted(maps.Keys(after)) {
		a := after[name]
		fmt.Fprintf(&b, "%-20s %12d %10d %10d MiB %10d MiB %4d MiB\n", name, w.invocations(strings.TrimPrefix(name, prefix+"-")), a.instances, before[name].most>>20, a.most>>20, a.limit>>20)
	}
	counts, transactions, conflicts := map[string]int{}, 0, 0
	for _, c := range w.tap.Calls() {
		counts[c.Service]++
		if c.Operation == "TransactWriteItems" {
			transactions++
			if c.Status == 400 {
				conflicts++
			}
		}
	}
	fmt.Fprintf(&b, "requests %v, %d Slack messages; %d of %d transactions met another writer\n", counts, len(w.slack.Messages()), conflicts, transactions)
	return b.String()
}
