package notify

import (
	"net/url"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/shoreup/shoreup/shared/core"
)

// reported is the control that a scheduled report is told under: it is about no resource of anybody's.
const reported = "report"

// consoles are the hosts of AWS's console, one for each partition; the first has the Region in front.
var consoles = []string{".console.aws.amazon.com", "console.amazonaws.cn", "console.amazonaws-us-gov.com"}

// notice makes the message about a report that was written: what it counts, and where it is. Nobody owns or caused it. It is the one message with a link in
// its text, and only to AWS's console.
func notice(f core.Finding) (Message, bool) {
	if f.Control != reported || f.Outcome != core.Reported || len(f.Advice) != 1 || len(f.Advice[0].Steps) == 0 {
		return Message{}, false
	}
	steps := f.Advice[0].Steps
	address, hint, _ := strings.Cut(steps[0], " ")
	link, ok := consoleLink(address, f.Advice[0].Title)
	if !ok {
		return Message{}, false
	}
	open := link
	if hint != "" {
		open += " " + prose(hint, 200)
	}
	for _, s := range steps[1:] {
		open += "\nor " + code(s, 400)
	}
	blocks := []slack.Block{header(f.Title), section(prose(f.Reason, maxLine)), section(open)}
	if len(f.Notes) > 0 {
		blocks = append(blocks, part{title: "Look at", lines: bullets(f.Notes), most: 2600, more: "see " + code("shoreup exceptions", 40)}.block(maxSection))
	}
	return Message{Text: prose(f.Title+": "+f.Reason, 600), Blocks: blocks}, true
}

// consoleLink is a link of Slack's markup, which is made whatever verbatim says (Slack, "Formatting text for app surfaces: linking to URLs").
func consoleLink(address, label string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" || len(address) > 1500 || strings.ContainsAny(address, "<>|`\"*~ ") ||
		!slices.ContainsFunc(consoles, func(host string) bool {
			return u.Host == strings.TrimPrefix(host, ".") || strings.HasPrefix(host, ".") && strings.HasSuffix(u.Host, host)
		}) {
		return "", false
	}
	return "<" + strings.ReplaceAll(address, "&", "&amp;") + "|" + plain(lookalikes.Replace(strings.ReplaceAll(label, "|", "")), 60) + ">", true
}
