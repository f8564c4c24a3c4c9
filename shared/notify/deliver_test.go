package notify

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/localcloud/slacksink"
	"github.com/shoreup/shoreup/shared/notify/show"
)

func bodies(t testing.TB, findings ...core.Finding) []string {
	t.Helper()
	var out []string
	for _, f := range findings {
		b, err := Encode(f)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(b))
	}
	return out
}

func byControl(f core.Finding) string {
	if f.Control == "ec2-security-group-open" {
		return "#network"
	}
	return ""
}

func TestDeliver(t *testing.T) {
	t.Parallel()
	slackAPI := sink(t, slacksink.Options{Channels: []string{"#sec"}}) // #network does not exist
	s, _ := sender(t, Config{Token: slackAPI.Token(), Channel: "#sec", Route: byControl, APIURL: slackAPI.APIURL()})
	fine := fixed()
	fine.Outcome = core.Compliant
	batch := bodies(t, waiting(), fixed(), fine, advised(), waiting())
	batch = append(batch, "{}", "not JSON", batch[1]+"x", `{"control":"c","outcome":"fixed"}`)
	failed, err := s.Deliver(t.Context(), batch)
	if diff := cmp.Diff([]int{0, 4, 5, 6, 7, 8}, failed); diff != "" {
		t.Errorf("failed (-want +got):\n%s", diff)
	}
	if !errors.Is(err, ErrMalformed) || !IsPermanent(err) || !strings.Contains(err.Error(), "message 6") || !strings.Contains(err.Error(), "channel #network: channel_not_found") {
		t.Errorf("error %v", err)
	}
	got := slackAPI.Messages()
	if len(got) != 1 || got[0].Channel != "#sec" || !strings.HasPrefix(got[0].Text, "2 findings: 1 needs people, 1 fixed") {
		t.Errorf("messages %+v", got)
	}
}

func TestDeliverNothing(t *testing.T) {
	t.Parallel()
	srv, got := answers(t, func(w http.ResponseWriter) { w.WriteHeader(http.StatusTeapot) })
	s, _ := sender(t, Config{Token: "x", Channel: "#sec", APIURL: srv.URL + "/"})
	fine := fixed()
	fine.Outcome = core.NotApplicableHere
	failed, err := s.Deliver(t.Context(), bodies(t, fine))
	if failed != nil || err != nil || len(*got) != 0 {
		t.Errorf("failed %v, %v, %d requests", failed, err, len(*got))
	}
}

// viaJSON takes away what only looks different: absent and empty.
func viaJSON(t testing.TB, f core.Finding) any {
	t.Helper()
	raw, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return generic(t, string(raw))
}

func TestWireKeepsAllThatIsShown(t *testing.T) {
	t.Parallel()
	for _, f := range []core.Finding{fixed(), waiting(), advised(), blind()} {
		back, err := Decode([]byte(bodies(t, f)[0]))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(viaJSON(t, f), viaJSON(t, back)); diff != "" {
			t.Errorf("%s (-sent +received):\n%s", f.Resource, diff)
		}
		before, after := Build([]core.Finding{f}, Options{}), Build([]core.Finding{back}, Options{})
		if diff := cmp.Diff(encodeBlocks(t, before[0]), encodeBlocks(t, after[0])); diff != "" {
			t.Errorf("%s: the message differs:\n%s", f.Resource, diff)
		}
	}
}

func TestWireTrims(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é\uffff", 40_000)
	f := everywhere(long)
	f.ID, f.Control, f.Account, f.Region, f.Outcome, f.Hash, f.RulesVersion, f.Severity = "p-1", "c", "111122223333", "eu-west-1", core.Fixed, "aaaa", "v1", core.High
	f.Decision.Mode, f.Cause.Origin, f.Record = "auto", "event", core.Record{Chain: "111122223333", Seq: 1, Hash: "bbbb"}
	for range 2000 {
		f.Violations = append(f.Violations, core.Violation{Where: "w", Reason: "r"})
		f.Changes[0].Undo = append(f.Changes[0].Undo, awsapi.Call{Op: "ec2:AuthorizeSecurityGroupIngress", Input: json.RawMessage(`{"a":"b"}`)})
	}
	body, err := Encode(f)
	if err != nil || len(body) > MaxBody {
		t.Fatalf("%d bytes: %v", len(body), err)
	}
	back, err := Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	if last := back.Notes[len(back.Notes)-1]; !strings.HasPrefix(last, "this finding was too large to send") {
		t.Errorf("last note %q", last)
	}
	if back.Outcome != core.Fixed || back.Record.Seq != 1 || len(back.Changes) != 1 || !strings.HasPrefix(back.Title, "é") {
		t.Errorf("got %+v", back.Record)
	}
	if len(f.Violations) != 2002 || f.Title != long {
		t.Error("the finding itself was changed")
	}
	withinLimits(t, Build([]core.Finding{back}, Options{})[0])
}

func TestSecretsStayHere(t *testing.T) {
	t.Parallel()
	f := fixed()
	f.Context.Tags = map[string]string{"db-password": "hunter2"}
	f.Changes[0].Input = json.RawMessage(`{"MasterUserPassword":"hunter2"}`)
	f.Changes[0].Undo[0].Input = json.RawMessage(`{"Tags":[{"Key":"api-key","Value":"hunter2"}]}`)
	f.Changes[0].Diff = []core.DiffLine{{Path: "environment.authToken", Before: json.RawMessage(`"hunter2"`), After: json.RawMessage(`["hunter2"]`)}}
	m := Build([]core.Finding{f}, Options{})[0]
	if body := bodies(t, f)[0]; strings.Contains(body, "hunter2") || !strings.Contains(body, show.Hidden) {
		t.Errorf("on the queue: %s", body)
	}
	if raw := encodeBlocks(t, m); strings.Contains(raw, "hunter2") || !strings.Contains(raw, show.Hidden) {
		t.Errorf("in Slack: %s", raw)
	}
}

func FuzzDecode(f *testing.F) {
	for _, b := range bodies(f, fixed(), waiting(), advised(), blind()) {
		f.Add([]byte(b))
	}
	f.Add([]byte(`{"control":"c","outcome":"fixed","account":"1","changes":[{"input":null,"diff":[{"path":"policy.Statement[0]","before":{"Effect":"Allow","Principal":7}}]}]}`))
	f.Add([]byte("{\"control\":\"c\",\"outcome\":\"\uffff\",\"account\":\"1\",\"exposure_seconds\":1e300}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		x, err := Decode(body)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("an error that is not ErrMalformed: %v", err)
			}
			return
		}
		for _, m := range Build([]core.Finding{x}, Options{}) {
			withinLimits(t, m)
		}
		again, err := Encode(x)
		if err != nil {
			return // hopelessly large
		}
		if len(again) > MaxBody || strings.ContainsAny(string(again), "\ufffe\uffff") {
			t.Errorf("%d bytes, or characters that SQS refuses", len(again))
		}
		if _, err := Decode(again); err != nil {
			t.Errorf("what was encoded cannot be decoded: %v", err)
		}
	})
}
