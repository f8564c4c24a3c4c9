package annotate

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/annotate/annotatetest"
	"github.com/shoreup/shoreup/shared/core"
)

// started is the names of each call to AWS Config.
func started(t *testing.T, cloud *annotatetest.Cloud) []string {
	t.Helper()
	var out []string
	for _, q := range cloud.Requests(start) {
		var in struct{ ConfigRuleNames []string }
		if err := json.Unmarshal([]byte(q.Body), &in); err != nil {
			t.Fatal(err)
		}
		out = append(out, strings.Join(in.ConfigRuleNames, ","))
	}
	return out
}

func TestRulesAreEvaluatedAgainAfterAVerifiedChange(t *testing.T) {
	t.Parallel()
	for outcome := range words {
		cloud := &annotatetest.Cloud{Rules: []string{"shoreup-s3-bucket-public"}}
		r := newRig(cloud)
		if err := r.Tell(t.Context(), found(outcome)); err != nil {
			t.Fatal(err)
		}
		want := outcome == core.Fixed || outcome == core.Undone
		if got := started(t, cloud); len(got) == 1 != want || want && (got[0] != "shoreup-s3-bucket-public" || r.n[Started] != 1) {
			t.Errorf("%s: started %q, counted %v", outcome, got, r.n)
		}
	}
}

func TestRulesOfABurstShareOneCall(t *testing.T) {
	t.Parallel()
	cloud := &annotatetest.Cloud{}
	r := newRig(cloud)
	var burst []core.Finding
	for i := range 90 {
		f := found(core.Fixed)
		f.Control = fmt.Sprintf("c-%02d", i%30)
		burst = append(burst, f)
		cloud.Rules = append(cloud.Rules, "shoreup-"+f.Control)
	}
	elsewhere := found(core.Fixed)
	elsewhere.Region, elsewhere.Control = "us-east-1", "c-00"
	tell := func(fs ...core.Finding) {
		t.Helper()
		if err := r.Tell(t.Context(), fs...); err != nil {
			t.Fatal(err)
		}
	}
	tell(append(burst, elsewhere)...)
	if n := len(started(t, cloud)); n != 2 || r.n[Started] != 26 {
		t.Fatalf("%d calls for %d rules, want 25 here and 1 elsewhere", n, r.n[Started])
	}
	tell(burst[0]) // too soon: kept
	if n := len(started(t, cloud)); n != 2 {
		t.Fatalf("%d calls, want none within the pause", n)
	}
	r.pass(pause)
	tell(burst[0])
	if got := started(t, cloud); len(got) != 3 || r.n[Started] != 32 || !strings.HasPrefix(got[2], "shoreup-c-25,") || !strings.HasSuffix(got[2], ",shoreup-c-00") {
		t.Errorf("started %q, %d in all; want the 5 that were left, and the one that was fixed again", got, r.n[Started])
	}
}

func TestNamesOfNoRule(t *testing.T) {
	t.Parallel()
	cloud := &annotatetest.Cloud{Rules: []string{"b", "d"}}
	r := newRig(cloud).knows(About{ConfigRules: []string{"a", "b", "c", "d"}})
	tell := func() {
		t.Helper()
		if err := r.Tell(t.Context(), found(core.Fixed)); err != nil {
			t.Fatal(err)
		}
	}
	tell()
	r.pass(pause)
	tell()
	r.pass(pause)
	tell()
	r.pass(forget)
	tell()
	// One by one after a refusal, of which one can be started before the pause; then together, without those of no rule; and after an hour all once more.
	want := []string{"a,b,c,d", "a", "b", "c", "d", "b,d", "a,b,c,d", "a", "b"}
	if diff := cmp.Diff(want, started(t, cloud)); diff != "" || r.n[NoSuchRules] != 3 || r.n[Started] != 5 {
		t.Errorf("counted %v (- want, + got)\n%s", r.n, diff)
	}
}

func TestAWSConfigSaysNo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code  string
		quiet bool
		count string
		later int // calls when the pause is over
	}{
		{"LimitExceededException", true, RulesBusy, 2}, {"ResourceInUseException", true, RulesBusy, 2},
		{"NoSuchConfigRuleException", true, NoSuchRules, 1}, {"AccessDeniedException", false, Failures, 2},
	} {
		cloud := &annotatetest.Cloud{Fail: func(q annotatetest.Request) (int, string) {
			if q.Operation == start {
				return http.StatusBadRequest, c.code
			}
			return 0, ""
		}}
		r := newRig(cloud)
		err := r.Tell(t.Context(), found(core.Fixed))
		if (err == nil) != c.quiet || r.n[c.count] != 1 || len(started(t, cloud)) != 1 {
			t.Errorf("%s: %v, counted %v", c.code, err, r.n)
		}
		r.pass(pause)
		if err := r.Tell(t.Context(), found(core.Fixed)); (err == nil) != c.quiet || len(started(t, cloud)) != c.later {
			t.Errorf("%s, after the pause: %v, %d calls, want %d", c.code, err, len(started(t, cloud)), c.later)
		}
	}
}
