package notify

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/localcloud/slacksink"
)

const consoleURL = "https://eu-west-1.console.aws.amazon.com/s3/object/shoreup-reports?prefix=2026/11/22/x.html&region=eu-west-1"

func written(address string) core.Finding {
	return core.Finding{
		Control: "report", Outcome: core.Reported, Title: "The report of 2026-11-22", Account: "111122223333", Region: "eu-west-1", Resource: "latest.html", Severity: core.Low,
		Reason: "wrong: 3; waiting for a person: 2; exempt: 1", Notes: []string{"the exemption of photos <x> runs out on 2026-11-27"},
		Advice: []core.Advice{{Title: "Open the report", Steps: []string{address + " (sign in, then Open)", "aws s3 cp s3://shoreup-reports/latest.html ."}}},
	}
}

// The notice of a report has a link that can be clicked, and says nothing of owners and causes, which a report has not.
func TestNoticeOfAReport(t *testing.T) {
	t.Parallel()
	d := newDesk(t, slacksink.Options{})
	d.deliver(t, bodies(t, written(consoleURL), fixed())...)
	all := d.sink.Messages()
	if len(all) != 2 {
		t.Fatalf("%d messages: %+v, refused %v", len(all), all, d.sink.Refused())
	}
	m := all[0]
	if !strings.HasPrefix(m.Text, "The report of") {
		m = all[1]
	}
	raw, err := json.Marshal(Build([]core.Finding{written(consoleURL)}, Options{})[0].Blocks)
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Text struct {
			Text     string
			Verbatim bool
		}
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"The report of 2026-11-22", "wrong: 3; waiting for a person: 2; exempt: 1",
		"<" + strings.ReplaceAll(consoleURL, "&", "&amp;") + "|Open the report> (sign in, then Open)\nor `aws s3 cp s3://shoreup-reports/latest.html .`",
		"*Look at*\n• the exemption of photos `&lt;x&gt;` runs out on 2026-11-27",
	}
	for i, w := range want {
		if i >= len(list) || list[i].Text.Text != w {
			t.Errorf("block %d is %s, want %q", i, raw, w)
		}
	}
	for _, no := range []string{"Owner", "Caused", "unknown", "Needs people", "latest.html in"} {
		if strings.Contains(slacksink.Render(m), no) {
			t.Errorf("%q in %s", no, slacksink.Render(m))
		}
	}
}

// Nothing else becomes a link: no address but of AWS's console, and nothing that could end one early.
func TestNoOtherLinks(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"https://evil.example/?x=.console.aws.amazon.com", "https://eu-west-1.console.aws.amazon.com.evil.example/", "https://evil.example#.console.aws.amazon.com", "http://eu-west-1.console.aws.amazon.com/", "javascript:alert(1)",
		"https://user@eu-west-1.console.aws.amazon.com/", "https://eu-west-1.console.aws.amazon.com:8443/", "https://eu-west-1.console.aws.amazon.com/|x", "https://eu-west-1.console.aws.amazon.com/<!channel>", "https://notconsole.amazonaws.cn/",
		"https://eu-west-1.console.aws.amazon.com/`", "", "https://eu-west-1.console.aws.amazon.com/" + strings.Repeat("a", 2000), "https://evilconsole.aws.amazon.com/",
	} {
		for _, m := range Build([]core.Finding{written(address)}, Options{}) {
			withinLimits(t, m)
			if raw := encodeBlocks(t, m); strings.Contains(raw, "<") {
				t.Errorf("%q: %s", address, raw)
			}
		}
	}
	for _, host := range []string{"console.amazonaws.cn", "console.amazonaws-us-gov.com", "us-east-1.console.aws.amazon.com"} {
		if link, ok := consoleLink("https://"+host+"/s3/object/b?prefix=a", "Open | it"); !ok || link != "<https://"+host+"/s3/object/b?prefix=a|Open  it>" {
			t.Errorf("%s: %q", host, link)
		}
	}
	other := written(consoleURL)
	other.Control = "s3-bucket-public"
	if raw := encodeBlocks(t, Build([]core.Finding{other}, Options{})[0]); strings.Contains(raw, "<") {
		t.Errorf("a finding has a link: %s", raw)
	}
}
