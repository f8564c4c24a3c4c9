package html_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/report"
	"github.com/shoreup/shoreup/shared/report/html"
	"github.com/shoreup/shoreup/shared/report/reporttest"
)

func page(t testing.TB, r report.Report, o html.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := html.Write(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// parts are what stands between the tags that begin an element and those that end it.
var (
	data    = regexp.MustCompile(`(?s)<script type="application/json" id="report">(.*?)</script>`)
	script  = regexp.MustCompile(`(?s)<script>(.*?)</script>`)
	style   = regexp.MustCompile(`(?s)<style>(.*?)</style>`)
	policy  = regexp.MustCompile(`<meta http-equiv="Content-Security-Policy" content="([^"]*)">`)
	openTag = regexp.MustCompile(`(?i)<(script|style|link|img|iframe|base|object|embed|form)\b`)
)

func one(t *testing.T, re *regexp.Regexp, text string) string {
	t.Helper()
	all := re.FindAllStringSubmatch(text, -1)
	if len(all) != 1 {
		t.Fatalf("%d elements like %s", len(all), re)
	}
	return all[0][1]
}

func TestHostileDataStaysData(t *testing.T) {
	t.Parallel()
	r := reporttest.Report(300)
	text := page(t, r, html.Options{})
	raw := one(t, data, text)
	if i := strings.IndexAny(raw, "<>&\u2028\u2029"); i >= 0 {
		t.Errorf("the data holds %q", raw[max(0, i-30):i+30])
	}
	var got report.Report
	if err := json.Unmarshal([]byte(raw), &got); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, p := range got.Plans {
		names[p.Resource] = true
	}
	if !names["</script><script>window.pwned=1</script>"] || !names["<!--<script>"] {
		t.Error("the hostile names did not arrive as they are")
	}
	// Two scripts, a style, and the form of the dialog: no more elements that do something than in an empty report.
	var tags []string
	for _, m := range openTag.FindAllStringSubmatch(strings.Replace(text, raw, "", 1), -1) {
		tags = append(tags, strings.ToLower(m[1]))
	}
	if diff := cmp.Diff([]string{"style", "form", "script", "script"}, tags); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if strings.Contains(text, "hunter2") {
		t.Error("a secret is in the page")
	}
}

func TestThePolicyAllowsJustThePage(t *testing.T) {
	t.Parallel()
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	for connect, o := range map[string]html.Options{"'none'": {}, "'self'": {Review: &html.Review{Token: "t", Endpoint: "/decide"}}} {
		text := page(t, reporttest.Report(10), o)
		want := "default-src 'none'; style-src " + hash(one(t, style, text)) + "; script-src " + hash(one(t, script, text)) + "; connect-src " + connect + "; base-uri 'none'; form-action 'none'"
		if diff := cmp.Diff(want, one(t, policy, text)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if strings.Index(text, "Content-Security-Policy") > strings.Index(text, "<style>") {
			t.Error("the policy comes after what it is about")
		}
	}
}

// The page names no address but the namespace of SVG, and has no code in attributes.
func TestThePageLoadsNothing(t *testing.T) {
	t.Parallel()
	text := page(t, report.Build(report.Input{Now: reporttest.Now}), html.Options{})
	for _, m := range regexp.MustCompile(`(?i)\b(?:https?:)?//[a-z0-9][^\s'"]*|url\([^)]*\)|@import|\bsrc\s*=|\son\w+\s*=\s*"|\bstyle\s*=\s*"|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function`).FindAllString(text, -1) {
		if m != "http://www.w3.org/2000/svg" {
			t.Errorf("the page says %q", m)
		}
	}
	if strings.Contains(text, "{{") {
		t.Error("a place was left open")
	}
}

func TestReview(t *testing.T) {
	t.Parallel()
	text := page(t, report.Report{}, html.Options{Review: &html.Review{Token: `a"b<c>&d`, Endpoint: "/decide?x=1", You: "sso:a<b>"}})
	if !strings.Contains(text, `<meta name="shoreup-review" content="a&#34;b&lt;c&gt;&amp;d" data-endpoint="/decide?x=1" data-you="sso:a&lt;b&gt;">`) {
		t.Error("the element is missing or not escaped")
	}
	if strings.Contains(page(t, report.Report{}, html.Options{}), `<meta name="shoreup-review"`) {
		t.Error("a file may decide")
	}
	for _, bad := range []html.Review{
		{Token: "t", Endpoint: "https://evil.example/"}, {Token: "t", Endpoint: "//evil.example/"}, {Token: "t", Endpoint: `/\evil.example`}, {Token: "t", Endpoint: "decide"}, {Token: "t"},
		{Token: "t", Endpoint: "javascript:alert(1)"}, {Endpoint: "/decide"}, {Token: "t", Endpoint: "/\x00"},
	} {
		if err := html.Write(&bytes.Buffer{}, report.Report{}, html.Options{Review: &bad}); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

type full struct{ left int }

var errFull = errors.New("full")

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestAFullDiskIsAnError(t *testing.T) {
	t.Parallel()
	size := len(page(t, reporttest.Report(50), html.Options{}))
	for _, left := range []int{0, size / 2, size - 1} {
		if err := html.Write(&full{left}, reporttest.Report(50), html.Options{}); !errors.Is(err, errFull) {
			t.Errorf("with %d bytes: %v", left, err)
		}
	}
}

func FuzzDataStaysData(f *testing.F) {
	for _, s := range reporttest.Hostile() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		quoted, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		r := report.Build(report.Input{Now: reporttest.Now, Findings: []core.Finding{{Control: s, Resource: s, Outcome: core.Reported, Reason: s, Changes: []core.ShownChange{{Call: s, Input: quoted, Why: s}}}}})
		raw := one(t, data, page(t, r, html.Options{}))
		if strings.ContainsAny(raw, "<>&\u2028\u2029") || !json.Valid([]byte(raw)) {
			t.Errorf("%q leaves its place", s)
		}
	})
}
