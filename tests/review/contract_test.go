package review

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/review/reviewtest"
)

// asJSON runs a command for programs, and returns the object that it prints.
func (w *world) asJSON(code int, who reviewtest.Principal, stdin string, args ...string) map[string]any {
	w.t.Helper()
	s := w.run(code, as(who), stdin, append(args, "--format", "json")...)
	var out map[string]any
	if err := json.Unmarshal([]byte(s.out), &out); err != nil {
		w.t.Fatalf("shoreup %s printed no JSON: %v\n%s", strings.Join(args, " "), err, s.out)
	}
	return out
}

// keys fails the test unless the object has each key with a value of its kind, KIND:KEY separated by blanks, and returns what of it are objects and lists of them.
func keys(t *testing.T, what string, v any, want string) map[string]any {
	t.Helper()
	object, ok := v.(map[string]any)
	if !ok {
		t.Fatalf("%s is %T, want an object", what, v)
	}
	for _, field := range strings.Fields(want) {
		kind, key, _ := strings.Cut(field, ":")
		if got := strings.TrimPrefix(fmt.Sprintf("%T", object[key]), "map[string]"); got != map[string]string{"string": "string", "number": "float64", "bool": "bool", "list": "[]interface {}", "object": "interface {}"}[kind] {
			t.Errorf("%s has %s %v, want a %s", what, key, object[key], kind)
		}
	}
	return object
}

// What programs read of the commands with which people decide has stable keys, and the exit codes are those that are promised.
func TestWhatProgramsRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	none := keys(t, "nothing that waits", w.asJSON(0, w.ada, "", "pending"), "string:you list:items bool:cut")
	if n := len(none["items"].([]any)); n != 0 {
		t.Errorf("%d wait", n)
	}
	one, two := w.public("one-"+w.account, w.eve), w.public("two-"+w.account, w.eve)
	list := keys(t, "pending", w.asJSON(2, w.ada, "", "pending"), "string:you list:items bool:cut")["items"].([]any)
	if len(list) != 2 {
		t.Fatalf("%d wait, want 2", len(list))
	}
	item := keys(t, "an item", list[0], "string:ref object:request number:wants string:plan object:occurrence")
	request := keys(t, "a request", item["request"], "object:key number:round string:plan string:control string:arn object:where string:requester string:cause string:severity list:rules number:needed list:by list:escalate "+
		"string:asked string:expires bool:reminded string:state list:votes string:why")
	keys(t, "a key", request["key"], "string:account string:kind string:id string:hash")
	keys(t, "where", request["where"], "string:type string:id string:account string:region string:partition")
	keys(t, "an occurrence", item["occurrence"], "string:state string:decision string:opened string:actor string:origin")

	const word = "string:verdict string:ref string:you bool:counted string:message object:word string:state"
	const outcome = "bool:known string:person string:refused string:code string:ref number:counted number:needed"
	refused := keys(t, "a refused yes", w.asJSON(1, w.eve, short(one)+"\n", "approve", short(one)), word)
	if got := keys(t, "its outcome", refused["word"], outcome); refused["counted"] != false || got["code"] != "four-eyes" || refused["state"] != "pending" {
		t.Errorf("%v", refused)
	}
	exempt := keys(t, "an exemption", w.asJSON(0, w.ada, short(two)+"\n", "exempt", short(two), "--reason", "on purpose", "--until", time.Now().AddDate(0, 0, 9).Format(time.DateOnly)), word)
	if asked := w.asked(approval.Exempt); exempt["word"].(map[string]any)["ref"] != asked.Ref || exempt["counted"] != true {
		t.Errorf("%v, asked is %s", exempt, asked.Ref)
	}
	no := keys(t, "a no", w.asJSON(0, w.bo, short(two)+"\n", "reject", short(two), "--reason", "it is wanted"), word)
	yes := keys(t, "a yes", w.asJSON(0, w.ada, short(one)+"\n", "approve", short(one)), word)
	if no["state"] != "rejected" || yes["counted"] != true || yes["verdict"] != "approve" || yes["ref"] != one.Ref {
		t.Errorf("%v, %v", no, yes)
	}
	w.until("it is fixed", func() bool { return w.state(one).State == approval.Applied })
	undo := keys(t, "an undo", w.asJSON(0, w.bo, "", "undo", fmt.Sprintf("%s/%d", w.account, w.last("result")), "--ask", "--reason", "the site is down"), word)
	if asked := w.asked(approval.Undo); undo["ref"] != asked.Ref || undo["state"] != "pending" || undo["verdict"] != "undo" {
		t.Errorf("%v, asked is %s", undo, asked.Ref)
	}
	resume := keys(t, "a lift", w.asJSON(1, w.bo, "", "resume", "--reason", "it is over"), word)
	if got := keys(t, "its outcome", resume["word"], outcome); got["code"] != "nothing" {
		t.Errorf("%v", resume)
	}
	for _, it := range w.asJSON(2, w.ada, "", "pending")["items"].([]any) {
		kind := it.(map[string]any)["request"].(map[string]any)["key"].(map[string]any)["kind"]
		want := map[any]string{"exempt": "string:about", "undo": "string:about string:plan"}[kind]
		keys(t, fmt.Sprint(kind), it, want)
	}
}
