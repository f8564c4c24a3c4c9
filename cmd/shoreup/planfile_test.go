package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/core"
)

func written(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plan.json")
	p := newPlanned()
	p.add(core.Finding{ID: "p-1", Hash: strings.Repeat("a", 64), Control: "s3-bucket-public", Resource: "b", Outcome: core.Reported,
		Changes: []core.ShownChange{{Call: "s3:PutPublicAccessBlock", Input: []byte(`{"Bucket":"b"}`)}}})
	p.add(core.Finding{ID: "p-2", Control: "ec2-volume-encrypted", Resource: "vol-1", Outcome: core.Reported})
	if err := writePlanFile(path, p); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPlanFileRoundTrip(t *testing.T) {
	t.Parallel()
	plans, err := readPlanFile(written(t))
	if err != nil || len(plans) != 1 || plans[0].ID != "p-1" {
		t.Fatalf("read %+v, %v: want the one plan that changes something", plans, err)
	}
}

func TestPlanFileRefusals(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(written(t))
	if err != nil {
		t.Fatal(err)
	}
	good := string(raw)
	if _, err := parsePlanFile("f", []byte(strings.ReplaceAll(good, "\n  ", "\n\t"))); err != nil {
		t.Errorf("a reformatted file is refused: %v", err)
	}
	for name, c := range map[string]struct{ text, want string }{
		"another bucket":  {strings.Replace(good, `"resource": "b"`, `"resource": "c"`, 1), errEdited.Error()},
		"something added": {good + "x", "not a plan file"},
		"an input edited": {strings.Replace(good, `"Bucket": "b"`, `"Bucket": "c"`, 1), errEdited.Error()},
		"digest gone":     {strings.Replace(good, `"digest"`, `"other"`, 1), errEdited.Error()},
		"another format":  {strings.Replace(good, planFormat, "shoreup plans 9", 1), "make one with shoreup plan --out"},
		"not JSON":        {"plans:", "not a plan file"},
		"empty":           {"", "not a plan file"},
		"another key":     {strings.Replace(good, `"digest"`, `"note": 1, "digest"`, 1), errEdited.Error()},
		"plans twice":     {strings.Replace(good, `"digest"`, `"plans": [], "digest"`, 1), errEdited.Error()},
		"digest twice":    {strings.Replace(good, `"digest"`, `"digest": "", "digest"`, 1), errEdited.Error()},
		"another case":    {strings.Replace(good, `"digest"`, `"Digest"`, 1), errEdited.Error()},
		"a key twice":     {strings.Replace(good, `"resource": "b"`, `"resource": "c", "resource": "b"`, 1), errEdited.Error()},
		"an input twice":  {strings.Replace(good, `"Bucket": "b"`, `"Bucket": "c", "Bucket": "b"`, 1), errEdited.Error()},
		"in another case": {strings.Replace(good, `"resource": "b"`, `"resource": "b", "Resource": "c"`, 1), errEdited.Error()},
		"plans are null":  {strings.Replace(good, `"plans": [`, `"plans": null, "x": [`, 1), "not a plan file"},
		"a list":          {"[" + good + "]", "not a plan file"},
		"two files":       {good + good, "not a plan file"},
		"too many plans":  {`{"format":"` + planFormat + `","digest":"","plans":[` + strings.Repeat("{},", mostPlans) + "{}]}", "at most 10000 plans"},
	} {
		plans, err := parsePlanFile("f", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || plans != nil {
			t.Errorf("%s: %v, %v; want an error with %q", name, plans, err, c.want)
		}
	}
}

func TestNoPlanFileIsWrittenThatWouldNotBeRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "plan.json")
	p := newPlanned()
	p.Plans = make([]core.Finding, mostPlans+1)
	for i := range p.Plans {
		p.Plans[i].Changes = []core.ShownChange{{Call: "s3:PutPublicAccessBlock", Input: []byte("{}")}}
	}
	if err := writePlanFile(path, p); err == nil || !strings.Contains(err.Error(), "at most 10000 plans") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("it was written")
	}
}

func TestAPlanFileThatIsTooLargeIsNotRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "plan.json")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(mostPlanBytes + 1); err != nil {
		t.Fatal(err)
	}
	if _, err := readPlanFile(path); err == nil || !strings.Contains(err.Error(), "at most 10000 plans and 64 MiB") {
		t.Errorf("got %v", err)
	}
}

func FuzzParsePlanFile(f *testing.F) {
	raw, err := os.ReadFile(written(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"format":"shoreup plans 1","digest":"","plans":[]}`))
	f.Add([]byte(`{"format":"shoreup plans 1","digest":"4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945","plans":[]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		plans, err := parsePlanFile("f", raw)
		if err == nil && !bytes.Contains(raw, []byte(planFormat)) {
			t.Errorf("accepted %d plans of another format", len(plans))
		}
		if err != nil {
			return
		}
		var whole struct{ Plans json.RawMessage } // the digest is that of the plans as a whole, too
		if err := json.Unmarshal(raw, &whole); err != nil {
			t.Fatal(err)
		}
		canonical, err := canon.Marshal(whole.Plans)
		if err != nil || !bytes.Contains(raw, []byte(canon.Hash(canonical))) && !bytes.Contains(raw, []byte(`\u`)) {
			t.Errorf("accepted %d plans with another digest, %v", len(plans), err)
		}
	})
}

func TestRecord(t *testing.T) {
	t.Parallel()
	if chain, seq, err := record("111122223333/12"); err != nil || chain != "111122223333" || seq != 12 {
		t.Errorf("%s %d %v", chain, seq, err)
	}
	for _, s := range []string{"", "12", "/12", "a/0", "a/-1", "a/b", "111122223333/"} {
		if _, _, err := record(s); err == nil {
			t.Errorf("%q passes for a record", s)
		}
	}
}
