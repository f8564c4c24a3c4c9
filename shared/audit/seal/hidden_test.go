package seal

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/audit/verify"
)

// says reports whether there is a finding of an entry with a text.
func says(r verify.Report, seq int64, text string) bool {
	return slices.ContainsFunc(r.Findings, func(f verify.Finding) bool { return f.Seq == seq && strings.Contains(f.Problem, text) })
}

func accounts(ids ...string) func(context.Context) []string {
	return func(context.Context) []string { return ids }
}

// TestAChainTakenOffTheList: the list of chains is in the same table as the chains. Whoever takes a chain off it keeps it neither from being found nor from
// being sealed, be it before it was ever sealed or after.
func TestAChainTakenOffTheList(t *testing.T) {
	t.Parallel()
	const third = "777788889999" // enrolled, and nothing was ever recorded of it
	w := newWorld(t)
	w.sealer.Accounts = accounts(one, two, third)
	w.append(one, 3)
	w.append(two, 2)
	forger{w}.remove("#chains", one, two)
	missing := []Tampered{{one, 0, audit.Unlisted}, {two, 0, audit.Unlisted}}
	if diff := cmp.Diff(Result{Chains: 2, Segments: 2, Entries: 5, Tampered: missing}, w.run()); diff != "" {
		t.Errorf("before it was sealed (-want +got):\n%s", diff)
	}
	w.sealer.Accounts = nil // from now on the bucket knows of them
	w.append(two, 1)
	if diff := cmp.Diff(Result{Chains: 2, Segments: 1, Entries: 1, Tampered: missing}, w.run()); diff != "" {
		t.Errorf("after it was sealed (-want +got):\n%s", diff)
	}
	if got, err := w.reader().Verify(t.Context(), two, verify.Options{}); err != nil || !got.Sealed.OK() || got.Last.Seq != 3 || !says(got.Table, 0, audit.Unlisted) {
		t.Errorf("got %+v, %v; want all of it sealed, and the list found wanting", got, err)
	}
}

// A chain without a head is no chain that nobody wrote.
func TestAHiddenChainWithoutAHead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sealer.Accounts = accounts(one)
	w.append(one, 3)
	f := forger{w}
	f.remove("#chains", one)
	f.remove(one, "head")
	out := w.run()
	if len(out.Tampered) != 1 || out.Tampered[0].Chain != one || !strings.Contains(out.Tampered[0].Problem, "no head") || !strings.Contains(out.Tampered[0].Problem, audit.Unlisted) {
		t.Errorf("got %+v", out)
	}
}

// TestNothingIsSealed: a bucket that has nothing of the chain proves nothing about it, whether it is the wrong one or nobody sealed.
func TestNothingIsSealed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(one, 4)
	w.append(two, 1)
	w.sealer.Limits.News = 0
	w.put(name(two, 1, 1), w.bodies(two)[0]+"\n")
	for _, r := range []Reader{w.reader(), {Session: w.sealer.Session, Bucket: w.bucket}} {
		got, err := r.Verify(t.Context(), one, verify.Options{})
		if err != nil || got.OK() || !says(got.Sealed, 0, "nothing of the chain "+one+" is sealed in s3://"+w.bucket) {
			t.Errorf("got %+v, %v", got, err)
		}
		if got.Sealed.Entries != 0 || got.Sealed.Seq != 0 || got.Last.Seq != 0 {
			t.Errorf("nothing is sealed, and it says %+v", got)
		}
		if r.Log != nil && (!got.Table.OK() || got.Table.Entries != 4) {
			t.Errorf("the table is as it was written: %+v", got.Table)
		}
	}
}

// TestTheFirstVersionCounts: what lies over a sealed segment is told, and not read.
func TestTheFirstVersionCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(one, 12)
	w.run()
	w.put(name(one, 11, 12), strings.SplitAfter(w.object(name(one, 11, 12)), "\n")[0])
	w.put(name(one, 1, 5), "x")
	w.put(name(one, 1, 5), "y")
	w.hide(name(one, 6, 10))
	for _, r := range []Reader{w.reader(), {Session: w.sealer.Session, Bucket: w.bucket}} {
		got, err := r.Verify(t.Context(), one, verify.Options{})
		if err != nil || !got.Sealed.OK() || !got.Table.OK() || got.Sealed.Entries != 12 || got.Last.Seq != 12 {
			t.Errorf("the first versions: %+v, %v", got, err)
		}
		if diff := cmp.Diff([]string{name(one, 1, 5), name(one, 6, 10), name(one, 11, 12)}, got.Replaced); diff != "" || got.OK() {
			t.Errorf("replaced (-want +got):\n%s", diff)
		}
	}
}

// TestVersionsThatCannotBeRead: who may not look under an object does not know that nothing is there.
func TestVersionsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for what, tc := range map[string]struct {
		refuse string
		says   string
		want   []string
	}{
		"listing": {"versions", "s3:ListBucketVersions", []string{}},
		"reading": {"versionId", "s3:GetObjectVersion", []string{name(one, 1, 5)}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.append(one, 5)
			w.run()
			w.put(name(one, 1, 5), w.object(name(one, 1, 5)))
			w.wire.refuse(tc.refuse)
			got, err := w.reader().Verify(t.Context(), one, verify.Options{})
			if err != nil || !says(got.Sealed, 0, tc.says) || got.Sealed.Entries != 5 || !got.Table.OK() {
				t.Errorf("got %+v, %v; want the newest versions verified, and a finding with %s", got, err, tc.says)
			}
			if diff := cmp.Diff(tc.want, got.Replaced); diff != "" {
				t.Errorf("replaced (-want +got):\n%s", diff)
			}
		})
	}
}

// A segment that is not what its name says is a finding like any other: the rest is looked at.
func TestABrokenSegmentIsAFinding(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(one, 12)
	w.run()
	w.put("chains/"+one+"/9.txt", "x")
	w.put(name(one, 13, 14), "{}\n")
	got, err := w.reader().Verify(t.Context(), one, verify.Options{})
	if err != nil || !says(got.Sealed, 0, "no segment") || !says(got.Sealed, 13, "has 1 lines") || got.Sealed.Entries != 12 || len(got.Replaced) != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A chain that begins after the list was read is on the list.
func TestAChainThatBeginsMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sealer.Accounts = func(context.Context) []string { // asked after the list was read
		w.append(one, 2)
		return []string{one}
	}
	if diff := cmp.Diff(Result{Chains: 1, Segments: 1, Entries: 2}, w.run()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A table that has nothing of the chain any more is a finding, and what was sealed is still verified.
func TestTheTableHasNothingLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(one, 3)
	w.run()
	f := forger{w}
	f.remove(one, append(sortKeys(1, 3), "head")...)
	f.remove("#chains", one)
	got, err := w.reader().Verify(t.Context(), one, verify.Options{})
	if err != nil || got.Sealed.Entries != 3 || !says(got.Sealed, 0, "no head") || !says(got.Table, 3, "seen elsewhere") || !says(got.Table, 0, audit.Unlisted) {
		t.Errorf("got %+v, %v", got, err)
	}
}
