package interact_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/interact"
	"github.com/shoreup/shoreup/shared/localcloud/slacksink"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
)

func failingShow(context.Context, string, interact.Form) error { return errors.New("down") }

func failingSay(context.Context, string) error { return errors.New("down") }

func emptyKey(body string) string { return slacksink.Sign("", noon.Unix(), []byte(body)) }

// hostile is a request that must not get through, and must be on the record.
type hostile struct {
	request interact.Request
	status  int
	code    string
	// stranger: it is not known to be Slack's
	stranger bool
	prepare  func(*testing.T, *world)
}

// around are requests that a stranger makes out of a good one, or without one.
func around(t *testing.T) map[string]hostile {
	body := formOf(t, click("approve", slackapp.Value(plan, 1)))
	other := formOf(t, click("approve", slackapp.Value(plan, 2)))
	good := func() interact.Request { return signed(body, noon) }
	out := map[string]hostile{}
	add := func(name string, status int, change func(*interact.Request)) {
		r := good()
		change(&r)
		code := map[int]string{401: "forged", 413: "oversized"}[status]
		if code == "" {
			code = "malformed"
		}
		out["around: "+name] = hostile{request: r, status: status, code: code, stranger: true}
	}
	set := func(name, value string) func(*interact.Request) {
		return func(r *interact.Request) { r.Headers[name] = value }
	}
	for _, method := range []string{"GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "post", "", "POST "} {
		add("method "+method, 405, func(r *interact.Request) { r.RequestContext.HTTP.Method = method })
	}
	for _, version := range []string{"", "1.0", "2", "3.0"} {
		add("format "+version, 400, func(r *interact.Request) { r.Version = version })
	}
	for _, query := range []string{"payload=%7B%7D", "x", "payload=" + url.QueryEscape(body)} {
		add("query "+query, 400, func(r *interact.Request) { r.RawQueryString = query })
	}
	add("a query that is told another way", 400, func(r *interact.Request) { r.QueryStringParameters = map[string]string{"payload": "{}"} })
	for _, kind := range []string{"", "text/plain", "application/json", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded, application/json", "application/x-www-form-urlencoded; charset=utf-16",
		"application/x-www-form-urlencoded; boundary=x", "application/x-www-form-urlencoded; charset=utf-8; x=y", "application/x-www-form-urlencodedx", ";", "*/*", "application/x-www-form-urlencoded\x00"} {
		add("content type "+kind, 415, set("content-type", kind))
	}
	add("two content types", 415, set("Content-Type", "application/x-www-form-urlencoded"))
	add("no content type", 415, func(r *interact.Request) { delete(r.Headers, "content-type") })
	add("no headers", 415, func(r *interact.Request) { r.Headers = nil })
	for _, name := range []string{"x-slack-signature", "x-slack-request-timestamp"} {
		add("without "+name, 401, func(r *interact.Request) { delete(r.Headers, name) })
		add("empty "+name, 401, set(name, ""))
		add("twice "+name, 401, func(r *interact.Request) { r.Headers[name] += "," + r.Headers[name] })
		add("twice, with a space "+name, 401, func(r *interact.Request) { r.Headers[name] += ", " + r.Headers[name] })
		add("in two cases "+name, 401, func(r *interact.Request) { r.Headers[strings.ToUpper(name)] = r.Headers[name] })
		add("a space before "+name, 401, func(r *interact.Request) { r.Headers[name] = " " + r.Headers[name] })
		add("a line break behind "+name, 401, func(r *interact.Request) { r.Headers[name] += "\n" })
		add("a NUL behind "+name, 401, func(r *interact.Request) { r.Headers[name] += "\x00" })
	}
	sig := good().Headers["x-slack-signature"]
	for name, s := range map[string]string{
		"another version": "v1" + sig[2:], "without a version": sig[3:], "in capitals": "v0=" + strings.ToUpper(sig[3:]), "short": sig[:len(sig)-1], "long": sig + "0", "no hexadecimal": sig[:len(sig)-1] + "g",
		"zeros": "v0=" + strings.Repeat("0", 64), "one bit other": flip(sig), "of an empty key": emptyKey(body), "of another key": slacksink.Sign(secret+"x", noon.Unix(), []byte(body)),
		"of another body": slacksink.Sign(secret, noon.Unix(), []byte(other)), "of another time": slacksink.Sign(secret, noon.Unix()+1, []byte(body)), "of no body": slacksink.Sign(secret, noon.Unix(), nil),
		"just the prefix": "v0=", "a word": "none", "of the secret itself": secret,
	} {
		add("signature "+name, 401, set("x-slack-signature", s))
	}
	for _, at := range []string{"0", "-1795348800", "+1795348800", "1795348800.0", "1795348800 ", "01795348800", "179534880", "17953488000", "1e9", "0x6b027e40", "٠١٢٣٤٥٦٧٨٩", "1795348801", "1795348799", "9999999999", "now", "NaN"} {
		add("time "+at, 401, set("x-slack-request-timestamp", at))
	}
	add("another body", 401, func(r *interact.Request) { r.Body = other })
	add("a body that goes on", 401, func(r *interact.Request) { r.Body += "&payload=%7B%7D" })
	add("a body with a space behind", 401, func(r *interact.Request) { r.Body += " " })
	add("a body that breaks off", 401, func(r *interact.Request) { r.Body = r.Body[:len(r.Body)-1] })
	add("a body that is written otherwise", 401, func(r *interact.Request) { r.Body = strings.ReplaceAll(r.Body, "%22", "\"") })
	add("no body", 400, func(r *interact.Request) { r.Body = "" })
	add("a body of nothing in base64", 400, func(r *interact.Request) { r.Body, r.IsBase64Encoded = "", true })
	add("a huge body", 413, func(r *interact.Request) { r.Body = strings.Repeat("a", 400<<10) })
	add("a body that is too large", 413, func(r *interact.Request) { *r = signed(strings.Repeat("a", 256<<10+1), noon) })
	add("a huge body in base64", 413, func(r *interact.Request) {
		r.Body, r.IsBase64Encoded = base64.StdEncoding.EncodeToString(make([]byte, 300<<10)), true
	})
	add("a body that is too large in base64", 413, func(r *interact.Request) {
		r.Body, r.IsBase64Encoded = base64.StdEncoding.EncodeToString(make([]byte, 256<<10+1)), true
	})
	add("said to be base64", 400, func(r *interact.Request) { r.IsBase64Encoded = true })
	encoded := base64.StdEncoding.EncodeToString([]byte(body))
	for name, b := range map[string]string{
		"with a line break": encoded[:8] + "\n" + encoded[8:], "with CR": encoded + "\r", "without padding": base64.RawStdEncoding.EncodeToString([]byte(body + strings.Repeat("a", 3-len(body)%3+1))), "for URLs": base64.URLEncoding.EncodeToString([]byte("\xff\xfe\xfb\xef")),
		"with bits left over": "YW==", "with too much padding": encoded + "====", "with a space": encoded[:8] + " " + encoded[8:],
	} {
		add("base64 "+name, 400, func(r *interact.Request) { r.Body, r.IsBase64Encoded = b, true })
	}
	add("base64 that is not said", 401, func(r *interact.Request) { r.Body = encoded })
	return out
}

func flip(sig string) string {
	last := "0"
	if strings.HasSuffix(sig, "0") {
		last = "1"
	}
	return sig[:len(sig)-1] + last
}

// bodies are what Slack would never sign, signed all the same.
func bodies(t *testing.T) map[string]hostile {
	good := formOf(t, click("approve", slackapp.Value(plan, 1)))
	raw, _ := url.QueryUnescape(strings.TrimPrefix(good, "payload="))
	out := map[string]hostile{}
	for name, body := range map[string]string{
		"two payloads": good + "&" + good, "another payload behind": good + "&payload=%7B%7D", "another payload, the name in other words": good + "&%70ayload=%7B%7D", "another field": good + "&x=1",
		"a field without a value": good + "&x", "an empty field": good + "&", "an ampersand before": "&" + good, "a semicolon between": good + ";payload=%7B%7D", "a list": strings.Replace(good, "payload", "payload[]", 1),
		"another name": strings.Replace(good, "payload", "Payload", 1), "no payload": "x=1", "an empty payload": "payload=", "no form": "hello", "half an escape": good + "%", "no escape": "payload=%zz", "no UTF-8": "payload=%ff%fe",
		"a check of the certificate with a payload": good + "&ssl_check=1", "a check that is none": "ssl_check=0", "a check twice": "ssl_check=1&ssl_check=1",
		"JSON itself": raw, "NUL": "payload=%00", "a mark before": "payload=%EF%BB%BF" + url.QueryEscape(raw),
	} {
		out["body: "+name] = hostile{request: signed(body, noon), status: 400, code: "malformed"}
	}
	for name, payload := range map[string]string{
		"null": "null", "a number": "1", "a text": `"x"`, "a list": "[" + raw + "]", "nothing": " ", "two values": raw + raw, "a value and more": raw + "x", "a brace more": raw + "}", "broken off": raw[:len(raw)-1],
		"keys twice": `{"type":"view_submission",` + raw[1:], "keys equal but for case": `{"Type":"view_submission",` + raw[1:], "a key twice inside": strings.Replace(raw, `"user":{`, `"user":{"id":"U0EVE00001",`, 1),
		"a comment": raw + "// x", "a comma too much": raw[:len(raw)-1] + ",}", "single quotes": strings.ReplaceAll(raw, `"`, `'`), "a control character": strings.Replace(raw, "home", "ho\x01me", 1),
		"a bomb of lists": `{"x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "}", "a bomb of objects": strings.Repeat(`{"x":`, 5000) + "1" + strings.Repeat("}", 5000),
		"a bomb that is not closed": `{"x":` + strings.Repeat("[", 80_000), "a bomb of values": `{"x":[` + strings.Repeat("1,", 60_000) + "1]}",
		"types are other ones": `{"type":1}`, "a user that is a text": `{"type":"block_actions","user":"U0ADA00001"}`, "actions that are an object": `{"type":"block_actions","actions":{}}`,
		"a value that is a list": strings.Replace(raw, `"value":"`, `"value":["x"],"w":"`, 1), "NaN": `{"x":NaN}`, "a huge number in a text's place": `{"type":1e400}`,
	} {
		out["payload: "+name] = hostile{request: signed(url.Values{"payload": {payload}}.Encode(), noon), status: 400, code: "malformed"}
	}
	return out
}

// at changes one place of a payload: keys, and numbers for places in lists.
func at(t *testing.T, p map[string]any, path string, value any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var copied map[string]any
	if err := json.Unmarshal(raw, &copied); err != nil {
		t.Fatal(err)
	}
	keys := strings.Split(path, ".")
	var here any = copied
	for _, k := range keys[:len(keys)-1] {
		if list, ok := here.([]any); ok {
			here = list[0]
			continue
		}
		here = here.(map[string]any)[k]
	}
	here.(map[string]any)[keys[len(keys)-1]] = value
	return copied
}

// strangers are people whom Slack knows and we do not.
func strangers(t *testing.T) map[string]hostile {
	out := map[string]hostile{}
	for _, kind := range []string{"click", "form"} {
		p := click("approve", slackapp.Value(plan, 1))
		if kind == "form" {
			p = filled("reject", map[string]any{"reason": line("reason", "no")})
		}
		add := func(name string, p map[string]any) {
			out[kind+" of a stranger: "+name] = hostile{request: signed(formOf(t, p), noon), status: 403, code: "stranger"}
		}
		for _, other := range []string{"T0OTHER001", "t0home0001", "T0HOME0001 ", "T0HOME00011", "E0HOME0001", ""} {
			add("a workspace called "+other, at(t, p, "team.id", other))
			add("a person of workspace "+other, at(t, p, "user.team_id", other))
		}
		add("no workspace", at(t, p, "team", nil))
		add("an installation for a whole organisation", at(t, at(t, at(t, p, "team", nil), "enterprise", map[string]any{"id": "E0GRID0001"}), "is_enterprise_install", true))
		add("an organisation that has the workspace's id", at(t, at(t, p, "team", nil), "enterprise", map[string]any{"id": team}))
		add("both of another company", at(t, at(t, p, "team.id", "T0OTHER001"), "user.team_id", "T0OTHER001"))
		for _, user := range []string{"U0EVE00001", "", "u0ada00001", "U0ADA00001 ", "U0ADA00001\n", "B0BOT00001", "USLACKBOT", "ada", "@ada", "U0ADA000011", "source:U0CY000001", "sso:ada", "U" + strings.Repeat("A", 5000), "arn:aws:iam::111122223333:user/ada", "U0\u0410DA00001", "*"} {
			add(fmt.Sprintf("called %.30q", user), at(t, p, "user.id", user))
		}
		add("nobody", at(t, p, "user", nil))
		grids := map[string]map[string]any{
			"of a workspace in it": at(t, p, "enterprise", map[string]any{"id": "E0GRID0001"}), "of another": at(t, at(t, p, "enterprise", map[string]any{"id": "E0OTHER001"}), "user.team_id", "E0GRID0001"),
			"which is not said": at(t, p, "user.team_id", "E0GRID0001"), "said of the team only, and another": at(t, at(t, at(t, p, "team.enterprise_id", "E0GRID0001"), "enterprise", map[string]any{"id": "E0OTHER001"}), "user.team_id", "E0GRID0001"),
		}
		for name, g := range grids {
			out[kind+" in an organisation: "+name] = hostile{request: signed(formOf(t, g), noon), status: 403, code: "stranger", prepare: func(t *testing.T, w *world) {
				w.rules(t, strings.Replace(people, team, "E0GRID0001", 1))
			}}
		}
		out[kind+": the rules name no workspace"] = hostile{request: signed(formOf(t, p), noon), status: 403, code: "stranger", prepare: func(t *testing.T, w *world) {
			w.rules(t, strings.Replace(people, "slack: { team: T0HOME0001 }\n", "", 1))
		}}
		out[kind+": the rules cannot be read"] = hostile{request: signed(formOf(t, p), noon), status: 503, code: "rules", prepare: func(_ *testing.T, w *world) { w.file = nil }}
		for _, late := range []time.Duration{5*time.Minute + time.Second, time.Hour, 24 * 365 * time.Hour, -5*time.Minute - time.Second, -time.Hour} {
			out[fmt.Sprintf("%s %s late", kind, late)] = hostile{request: signed(formOf(t, p), noon), status: 401, code: "late", prepare: func(_ *testing.T, w *world) { w.now = noon.Add(late) }}
		}
		out[kind+" sent again"] = hostile{request: signed(formOf(t, p), noon), status: 409, code: "replay", prepare: func(t *testing.T, w *world) {
			w.give(t, signed(formOf(t, p), noon))
			w.said, w.counts = nil, map[string]int{}
		}}
	}
	return out
}

// values are what no button of ours says.
func values(t *testing.T) map[string]hostile {
	good, hash := slackapp.Value(plan, 1), plan.Hash
	out := map[string]hostile{}
	for _, v := range []string{
		"", " ", good + " ", " " + good, good + "\n", good + "|", good + "|x", strings.Replace(good, "1|", "2|", 1), strings.Replace(good, "1|", "01|", 1), strings.Replace(good, "1|", "v1|", 1), strings.Replace(good, "|", "||", 1),
		strings.Replace(good, "fix", "FIX", 1), strings.Replace(good, "fix", "all", 1), strings.Replace(good, "fix", "batch", 1), strings.Replace(good, "fix", "", 1), strings.Replace(good, "111122223333", "11112222333", 1),
		strings.Replace(good, "111122223333", "1111222233334", 1), strings.Replace(good, "111122223333", "prod", 1), strings.Replace(good, "111122223333", "११११२२२२३३३३", 1),
		strings.Replace(good, "|1|", "|0|", 1), strings.Replace(good, "|1|", "|-1|", 1), strings.Replace(good, "|1|", "|01|", 1), strings.Replace(good, "|1|", "|+1|", 1), strings.Replace(good, "|1|", "|1e1|", 1),
		strings.Replace(good, "|1|", "|9999999999999999999|", 1), strings.Replace(good, "|1|", "||", 1), strings.Replace(good, "|1|", "| 1|", 1),
		strings.Replace(good, hash, hash[1:], 1), strings.Replace(good, hash, hash+"0", 1), strings.Replace(good, hash, strings.ToUpper(hash), 1), strings.Replace(good, hash, "*", 1), strings.Replace(good, hash, "", 1),
		strings.Replace(good, plan.ID, "", 1), strings.Replace(good, plan.ID, "a#b", 1), strings.Replace(good, plan.ID, "../x", 1), strings.Replace(good, plan.ID, "a b", 1), strings.Replace(good, plan.ID, "a\x00", 1), strings.Replace(good, plan.ID, strings.Repeat("A", 201), 1),
		strings.Replace(good, plan.ID, strings.Repeat("A", 3000), 1), slackapp.AllValue(all), "{}", "null", good + good,
	} {
		for _, button := range []string{"approve", "reject", "exempt"} {
			out[fmt.Sprintf("%s with value %.60q of %d", button, v, len(v))] = hostile{request: signed(formOf(t, click(button, v)), noon), status: 400, code: "value"}
		}
		p := at(t, filled("reject", map[string]any{"reason": line("reason", "no")}), "view.private_metadata", v+" "+channel)
		if strings.Contains(v, " ") {
			continue // a space ends the value there, and what follows is the mistake
		}
		out[fmt.Sprintf("form with value %.60q of %d", v, len(v))] = hostile{request: signed(formOf(t, p), noon), status: 400, code: "value"}
	}
	batch := slackapp.AllValue(all)
	for _, v := range []string{"", good, batch + "|", strings.Replace(batch, "all", "fix", 1), strings.Replace(batch, "1|", "2|", 1), strings.Replace(batch, all.Hash, "x", 1), strings.Replace(batch, all.TS, "", 1), strings.Replace(batch, all.TS, "1", 1),
		strings.Replace(batch, all.TS, "1.1#x", 1), strings.Replace(batch, all.TS, strings.Repeat("1", 40)+".1", 1), batch + " "} {
		out[fmt.Sprintf("all with value %.60q", v)] = hostile{request: signed(formOf(t, click("approve_all", v)), noon), status: 400, code: "value"}
	}
	back := slackapp.UndoValue(plan.Account, 17)
	for _, v := range []string{
		"", good, batch, back + " ", " " + back, back + "|", strings.Replace(back, "1|", "2|", 1), strings.Replace(back, "undo-of", "undo", 1), strings.Replace(back, "111122223333", "1", 1), strings.Replace(back, "111122223333", "shoreup", 1),
		strings.Replace(back, "|17", "|0", 1), strings.Replace(back, "|17", "|-17", 1), strings.Replace(back, "|17", "|017", 1), strings.Replace(back, "|17", "|", 1), strings.Replace(back, "|17", "|1e3", 1), strings.Replace(back, "|17", "|99999999999999999999", 1),
	} {
		out[fmt.Sprintf("undo with value %.60q", v)] = hostile{request: signed(formOf(t, click("undo", v)), noon), status: 400, code: "value"}
		if !strings.Contains(v, " ") {
			p := at(t, filled("undo", map[string]any{"reason": line("reason", "down")}), "view.private_metadata", v+" "+channel)
			out[fmt.Sprintf("undo's form with value %.60q", v)] = hostile{request: signed(formOf(t, p), noon), status: 400, code: "value"}
		}
	}
	for _, button := range []string{"approve", "reject", "exempt", "ask_again", "approve_all"} {
		out["what is to be taken back with "+button] = hostile{request: signed(formOf(t, click(button, back)), noon), status: 400, code: "value"}
	}
	undo := plan
	undo.Kind = "undo"
	out["an exemption from an undo"] = hostile{request: signed(formOf(t, click("exempt", slackapp.Value(undo, 1))), noon), status: 400, code: "value"}
	out["an undo asked again"] = hostile{request: signed(formOf(t, click("ask_again", slackapp.Value(undo, 1))), noon), status: 400, code: "value"}
	p := at(t, filled("ask_again", map[string]any{"reason": line("reason", "no")}), "view.private_metadata", slackapp.Value(undo, 1)+" "+channel)
	out["an undo asked again, filled in"] = hostile{request: signed(formOf(t, p), noon), status: 400, code: "value"}
	p = at(t, filled("exempt", exemption("r", "o", "2026-12-01")), "view.private_metadata", slackapp.Value(undo, 1)+" "+channel)
	out["an exemption from an undo, filled in"] = hostile{request: signed(formOf(t, p), noon), status: 400, code: "value"}
	return out
}

// shapes are clicks and forms that are not ours.
func shapes(t *testing.T) map[string]hostile {
	p := click("approve", slackapp.Value(plan, 1))
	button := p["actions"].([]any)[0]
	out := map[string]hostile{}
	add := func(name string, p map[string]any) {
		out["shape: "+name] = hostile{request: signed(formOf(t, p), noon), status: 400, code: "unknown"}
	}
	for _, kind := range []string{"", "shortcut", "message_action", "view_closed", "block_suggestion", "interactive_message", "dialog_submission", "url_verification", "event_callback", "BLOCK_ACTIONS", "block_actions "} {
		add("of type "+kind, at(t, p, "type", kind))
	}
	for _, id := range []string{"", "Approve", "approve ", "delete", "approve_all_", "shoreup", "__proto__", "approve\x00"} {
		add(fmt.Sprintf("button %q", id), at(t, p, "actions.0.action_id", id))
	}
	add("no actions", at(t, p, "actions", []any{}))
	add("actions are null", at(t, p, "actions", nil))
	add("two actions", at(t, p, "actions", []any{button, button}))
	add("another element", at(t, p, "actions.0.type", "static_select"))
	add("another block", at(t, p, "actions.0.block_id", "x"))
	add("in a form", at(t, p, "container.type", "view"))
	add("no container", at(t, p, "container", nil))
	for _, c := range []string{"", "#security", "c0security", "X0SECURITY", "C0SECURITY\n", "C" + strings.Repeat("A", 100)} {
		add("in channel "+c, at(t, p, "container.channel_id", c))
	}
	f := filled("reject", map[string]any{"reason": line("reason", "no")})
	for _, id := range []string{"", "approve", "approve_all", "Reject", "delete"} {
		add("form "+id, at(t, f, "view.callback_id", id))
	}
	add("the home of the app", at(t, f, "view.type", "home"))
	for _, c := range []string{"", " ", "#security", " " + channel} {
		add("a form of channel "+c, at(t, f, "view.private_metadata", slackapp.Value(plan, 1)+" "+c))
	}
	add("a form of no channel", at(t, f, "view.private_metadata", slackapp.Value(plan, 1)))
	for _, id := range []string{"", "a b", "<script>", strings.Repeat("1", 201)} {
		q := at(t, click("reject", slackapp.Value(plan, 1)), "trigger_id", id)
		out[fmt.Sprintf("shape: trigger %.20q", id)] = hostile{request: signed(formOf(t, q), noon), status: 400, code: "malformed"}
	}
	return out
}

// fields are forms with what people may not write.
func fields(t *testing.T) map[string]hostile {
	out := map[string]hostile{}
	add := func(name string, p map[string]any) {
		out["form: "+name] = hostile{request: signed(formOf(t, p), noon), status: 200, code: "form"}
	}
	bad := map[string]any{"nothing": "", "null": nil, "blanks": "  \n ", "too much": strings.Repeat("a", 501), "NUL": "a\x00b", "escape": "a\x1b[31m", "from right to left": "a\u202eb", "no width": "a\u200bb", "a bell": "\a", "a carriage return": "a\rb", "a tab": "a\tb", "a line separator": "a\u2028b", "a broken character": "a\ufffdb"}
	for name, text := range bad {
		add("reject, "+name, filled("reject", map[string]any{"reason": line("reason", text)}))
		add("ask again, "+name, filled("ask_again", map[string]any{"reason": line("reason", text)}))
		add("undo, "+name, at(t, filled("undo", map[string]any{"reason": line("reason", text)}), "view.private_metadata", slackapp.UndoValue(plan.Account, 17)+" "+channel))
		add("exempt, reason, "+name, filled("exempt", exemption(text, "web", "2026-12-01")))
		add("exempt, owner, "+name, filled("exempt", exemption("press", text, "2026-12-01")))
	}
	for _, day := range []any{"", nil, "2026-11-22", "2026-11-21", "1970-01-01", "0000-00-00", "2027-02-21", "2028-01-01", "9999-12-31", "2026-02-30", "2026-13-01", "22.11.2026", "2026-12-1", "2026-12-01T00:00:00Z", " 2026-12-01", "12/01/2026", "tomorrow", "-001-01-01", "٢٠٢٦-١٢-٠١"} {
		add(fmt.Sprintf("until %v", day), filled("exempt", exemption("press", "web", day)))
	}
	add("no values", filled("reject", nil))
	add("other fields", filled("reject", map[string]any{"x": line("reason", "no")}))
	add("the right block and another field", filled("reject", map[string]any{"reason": line("x", "no")}))
	add("another element", filled("reject", map[string]any{"reason": map[string]any{"reason": map[string]any{"type": "datepicker", "value": "no"}}}))
	add("a date as a text", filled("exempt", map[string]any{"reason": line("reason", "press"), "owner": line("owner", "web"), "until": line("until", "2026-12-01")}))
	return out
}

func TestHostileRequestsChangeNothing(t *testing.T) {
	t.Parallel()
	cases := map[string]hostile{}
	for _, group := range []map[string]hostile{around(t), bodies(t), strangers(t), values(t), shapes(t), fields(t)} {
		for name := range group {
			if _, twice := cases[name]; twice {
				t.Errorf("two cases are called %q", name)
			}
		}
		maps.Copy(cases, group)
	}
	records := 0
	for name, c := range cases {
		w := newWorld(t)
		if c.prepare != nil {
			c.prepare(t, w)
		}
		resp := w.give(t, c.request)
		if resp.StatusCode != c.status {
			t.Errorf("%s: answered %d %q, want %d", name, resp.StatusCode, resp.Body, c.status)
		}
		if len(resp.Body) > 500 || strings.Contains(resp.Body, secret) || strings.Contains(resp.Body, "v0=") {
			t.Errorf("%s: strangers read %q", name, resp.Body)
		}
		if len(w.forms) > 0 {
			t.Errorf("%s: it opened %d forms", name, len(w.forms))
		}
		metric := interact.Refused
		if c.stranger {
			metric = interact.Forged
		}
		if len(w.said) != 1 || w.said[0].Refused == nil || w.said[0].Refused.Code != c.code || w.said[0].Refused.Why == "" || w.said[0].Refused.Via != "slack" || w.counts[metric] != 1 || len(w.counts) != 1 {
			t.Errorf("%s: want one refused word (%s), got %+v, counts %v", name, c.code, w.said, w.counts)
			continue
		}
		if u := w.said[0].Refused; c.stranger && (u.Identity != "address 203.0.113.9" || u.Key != (approval.Key{}) || u.Round != 0 || u.Verdict != "" || len(u.Why) > 200) {
			t.Errorf("%s: what a stranger sent is on the record: %+v", name, u)
		}
		records++
	}
	t.Logf("%d hostile requests, %d of them on the record", len(cases), records)
	if len(cases) < 200 {
		t.Errorf("only %d cases", len(cases))
	}
}
