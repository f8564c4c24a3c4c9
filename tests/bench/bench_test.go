package bench

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi/s3api"
)

// The bars. What runs beside the measurement on a small machine makes times longer, so a test fails only at slack times a bar of time; the table says what was missed.
const (
	barStart = 30 * time.Millisecond
	barRSS   = 40 << 20
	barCPU   = 2 * time.Millisecond
	slack    = 4
	// maySway is by how much the cost of a bare request differs from one minute to the next here, and what is left after subtracting it with it. What our own code takes
	// by itself, TestOwnWorkIsUnderItsBar says more exactly.
	maySway = 400 * time.Microsecond
)

// size of a measurement.
type size struct{ starts, warm, batches, sweeps int }

var (
	short = size{starts: 5, warm: 10, batches: 1, sweeps: 1}
	whole = size{starts: 20, warm: 50, batches: 4, sweeps: 5}
)

// figures are what was measured of one function.
type figures struct {
	name     string
	bytes    int64
	p50, p95 time.Duration
	rss      int64
	events   []cost
}

// cost is what a warm event of one kind takes.
type cost struct {
	what     string
	n        int
	cpu, own time.Duration // own is cpu without the AWS SDK's share
	requests float64
}

// load is events of one kind: each payload holds so many messages.
type load struct {
	what     string
	payloads [][]byte
	each     int
}

func TestBars(t *testing.T) {
	all, bare := measure(t, short)
	t.Log("\n" + table(all, short, bare))
	for _, f := range all {
		f.check(t)
	}
}

func BenchmarkBars(b *testing.B) {
	for b.Loop() {
		all, bare := measure(b, whole)
		b.Log("\n" + table(all, whole, bare))
		for _, f := range all {
			f.check(b)
			b.ReportMetric(float64(f.p50.Microseconds())/1000, "ms-start-"+f.name)
			b.ReportMetric(float64(f.rss)/(1<<20), "MiB-"+f.name)
			b.ReportMetric(float64(f.events[len(f.events)-1].own.Microseconds())/1000, "ms-own-cpu-"+f.name)
		}
	}
}

// measure takes public buckets through evaluate, apply and notify, each a function of its own, and has sweep look for them.
func measure(t testing.TB, n size) ([]figures, bareCost) {
	t.Helper()
	r := newRig(t)
	closed := r.closed()
	r.bare = r.bareCost(closed)
	messages := n.warm + 1
	opened := r.singles("evaluate", "a bucket made public: judged, planned, recorded, ordered", r.opened(messages)...)
	out := []figures{r.measure("evaluate", n, opened.payloads[0],
		r.singles("evaluate", "an event that nobody watches", slices.Repeat([]string{r.event("s3_list_buckets_unwatched", closed)}, n.warm)...),
		r.singles("evaluate", "a bucket in order", slices.Repeat([]string{r.event("s3_put_bucket_policy", closed)}, n.warm)...),
		opened.after(1))}
	orders := r.singles("apply", "that plan: made again, journalled, written, read back, recorded", r.received("apply", messages)...)
	out = append(out, r.measure("apply", n, orders.payloads[0], orders.after(1)))
	r.allFixed(messages)
	// Slack takes a message a second, so fewer batches than events are sent.
	found := r.received("notify", 1+10*n.batches)
	out = append(out, r.measure("notify", n, r.batch("notify", found[0]), r.tens("notify", "that fix, told in batches of 10", found[1:])))
	if len(r.slack.Messages()) == 0 || len(r.slack.Refused()) > 0 {
		t.Errorf("Slack got %d messages and refused %v", len(r.slack.Messages()), r.slack.Refused())
	}
	out = append(out, r.measure("sweep", n, r.place(), load{"a whole Region: every type listed, looks ordered", slices.Repeat([][]byte{r.place()}, n.sweeps), 1}))
	out = append(out, r.measure("seal", n, []byte("{}"), load{"every chain verified, what is new sealed", slices.Repeat([][]byte{[]byte("{}")}, n.sweeps), 1}))
	asked := r.asked(closed)
	out = append(out, r.measure("configrule", n, asked, load{"AWS Config asks about a bucket in order", slices.Repeat([][]byte{asked}, n.warm), 1}))
	calls := r.singles("reconcile", "CloudTrail tells of our own write, and the log explains it", r.ownCalls(1+n.warm)...)
	out = append(out, r.measure("reconcile", n, calls.payloads[0], calls.after(1)))
	out = append(out, r.decided(n)...)
	for _, name := range functions(t) {
		if !slices.ContainsFunc(out, func(f figures) bool { return f.name == name }) {
			t.Errorf("the function %s is not measured: give it an event", name)
		}
	}
	return out, r.bare
}

func (l load) after(n int) load { return load{l.what, l.payloads[n:], l.each} }

func (r *rig) singles(name, what string, bodies ...string) load {
	l := load{what: what, each: 1}
	for _, body := range bodies {
		l.payloads = append(l.payloads, r.batch(name, body))
	}
	return l
}

func (r *rig) tens(name, what string, bodies []string) load {
	l := load{what: what, each: 10}
	for part := range slices.Chunk(bodies, l.each) {
		l.payloads = append(l.payloads, r.batch(name, part...))
	}
	return l
}

// measure starts a function n.starts times, and the last time gives it a first event and then the loads.
func (r *rig) measure(name string, n size, first []byte, loads ...load) figures {
	r.t.Helper()
	f := figures{name: name}
	info, err := os.Stat(r.binaries[name])
	if err != nil {
		r.t.Fatal(err)
	}
	f.bytes = info.Size()
	f.p50, f.p95 = r.starts(name, n.starts)
	var log bytes.Buffer
	instance := r.start(name, &log)
	defer func() {
		if err := instance.Stop(); err != nil {
			r.t.Error(err)
		}
	}()
	r.invoke(instance, first, &log)
	stats, err := instance.Stats()
	if err != nil {
		r.t.Fatal(err)
	}
	f.rss = stats.RSSBytes
	for _, l := range loads {
		before, asked := stats.CPU, r.proxy.counts()
		for _, payload := range l.payloads {
			r.invoke(instance, payload, &log)
		}
		if stats, err = instance.Stats(); err != nil {
			r.t.Fatal(err)
		}
		all := int64(0)
		for i, n := range r.proxy.counts() {
			asked[i] = n - asked[i]
			all += asked[i]
		}
		n := len(l.payloads) * l.each
		cpu := stats.CPU - before
		f.events = append(f.events, cost{
			what: l.what, n: n, requests: float64(all) / float64(n), cpu: cpu / time.Duration(n),
			own: max(0, cpu-r.bare.share(asked)) / time.Duration(n),
		})
	}
	return f
}

// starts measures cold starts one after the other.
func (r *rig) starts(name string, n int) (p50, p95 time.Duration) {
	r.t.Helper()
	var times []time.Duration
	for range n {
		f := r.start(name, nil)
		stats, err := f.Stats()
		if err != nil {
			r.t.Fatal(err)
		}
		times = append(times, stats.InitToNext)
		if err := f.Stop(); err != nil {
			r.t.Fatal(err)
		}
	}
	slices.Sort(times)
	return times[n/2], times[n*95/100]
}

// allFixed proves that the events were worked on and not merely swallowed.
func (r *rig) allFixed(n int) {
	r.t.Helper()
	for i := range n {
		block, err := s3api.ReadBlock(r.t.Context(), r.session(), fmt.Sprintf("b-%s-%03d", r.account, i))
		if err != nil || block == nil || *block != s3api.FullBlock {
			r.t.Fatalf("bucket %d was not fixed: %v, %v", i, block, err)
		}
	}
}

func (f figures) check(t testing.TB) {
	t.Helper()
	if f.p50 > slack*barStart {
		t.Errorf("%s starts in %v, the bar is %v", f.name, f.p50, barStart)
	}
	if f.rss > barRSS {
		t.Errorf("%s has %.1f MiB after its first event, the bar is %d", f.name, float64(f.rss)/(1<<20), barRSS>>20)
	}
	for _, c := range f.events {
		unsure := time.Duration(c.requests * float64(maySway))
		if !slices.Contains([]string{"sweep", "seal", "report"}, f.name) && c.own > slack*barCPU+unsure { // one of theirs is a whole Region, or a whole log
			t.Errorf("%s takes %v of own CPU for %s, the bar is %v", f.name, c.own, c.what, barCPU)
		}
	}
}

func table(all []figures, n size, bare bareCost) string {
	var b strings.Builder
	row := func(cells ...any) { fmt.Fprintf(&b, "%-9s %8s %10s %8s %10s   %-64s %3v %9v %8s %8s\n", cells...) }
	ms := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
	row("function", "size", "start p50", "p95", "memory", "warm event", "n", "requests", "CPU", "own CPU")
	for _, f := range all {
		head := []any{f.name, fmt.Sprintf("%.1f MB", float64(f.bytes)/1e6), ms(f.p50), ms(f.p95), fmt.Sprintf("%.1f MiB", float64(f.rss)/(1<<20))}
		for _, c := range f.events {
			row(append(head, c.what, c.n, fmt.Sprintf("%.1f", c.requests), ms(c.cpu), ms(c.own))...)
			head = []any{"", "", "", "", ""} // said once
		}
	}
	row("bar", "", ms(barStart), "", fmt.Sprintf("%d MiB", barRSS>>20), "", "", "", "", ms(barCPU))
	fmt.Fprintf(&b, "%d starts of each function; memory is resident after the first event; own CPU is without the AWS SDK's,\nwhich takes %v for a bare request to S3, %v for a transaction and %v for any other\n",
		n.starts, bare.S3.Round(10*time.Microsecond), bare.Transact.Round(10*time.Microsecond), bare.Other.Round(10*time.Microsecond))
	return b.String()
}
