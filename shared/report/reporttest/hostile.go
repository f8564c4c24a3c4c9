package reporttest

import (
	"encoding/json"

	"github.com/shoreup/shoreup/shared/core"
)

// Hostile are texts that try to leave the place where they are shown: an HTML element, a script, a table's cell, a formula, a line, the reading
// direction.
func Hostile() []string {
	return []string{
		`</script><script>window.pwned=1</script>`, `<img src=x onerror=window.pwned=1>`, `<!--<script>`, `]]><![CDATA[`, `"><svg onload=window.pwned=1>`,
		`=cmd|' /C calc'!A0`, `+1+1`, `-2+3`, `@SUM(A1)`, "\t=1", "\r=1", `| a | b |`, "`code` **bold** [x](javascript:window.pwned=1) ![i](http://evil.example/x.png)",
		"@everyone #1 http://evil.example www.evil.example", "line one\nline two\u2028line three\u2029end", "safe\u202egnp.exe", "zero\u200bwidth", "\x00\x1b[31mred", "invalid \xff\xfe", "' OR 1=1 --",
		`</textarea></style></title>`, `{{7*7}} ${7*7} <%= 7*7 %>`, "&lt;b&gt;&amp;", `</details></td></tr></table>`, `<!doctype html><base href="http://evil.example/">`,
	}
}

// hostile puts such texts everywhere where whoever makes a resource can write: names, tags, owners, policies, reasons, actors, notes, advice.
func hostile(findings []core.Finding) {
	for i, text := range Hostile() {
		if i*7 >= len(findings) {
			return
		}
		f := &findings[i*7]
		f.Resource, f.ARN = text, "arn:aws:s3:::"+text
		f.Context = core.Context{Owner: text, Tags: map[string]string{text: text, "db-password": "hunter2"}, Facts: []string{text}}
		f.Reason, f.Notes, f.NeverAuto = text, []string{text}, []string{text}
		f.Decision.Rule, f.Cause.Actor = text, text
		f.Advice = []core.Advice{{Title: text, Steps: []string{text}, Outage: text, Cost: text}}
		quoted, err := json.Marshal(text)
		if err != nil {
			continue
		}
		f.Violations = []core.Violation{{Rule: text, Where: text, Reason: text}}
		f.Changes = []core.ShownChange{{Call: "s3:PutBucketPolicy", Why: text, Input: json.RawMessage(`{"Bucket":` + string(quoted) + `,"SecretToken":"hunter2"}`),
			Diff: []core.DiffLine{{Path: "tags." + text, Before: quoted, After: json.RawMessage(`"x"`)}}}}
	}
}
