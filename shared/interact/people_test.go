package interact_test

import (
	"strings"
	"testing"
)

// Who may decide stays as it was until those who may have agreed to another list: in Slack as everywhere, and in another workspace as in this one.
func TestPeopleInForceDecideUntilTheyAgree(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(string) string{
		"ada is removed, mal is added": func(s string) string {
			return strings.Replace(s, "{ name: ada, slack: U0ADA00001 }", "{ name: mal, slack: U0MAL00001 }", 1)
		},
		"ada and bo have other ids": func(s string) string {
			return strings.NewReplacer("U0ADA00001", "U0ADA00009", "U0BO000001", "U0BO000009").Replace(s)
		},
		"another workspace": func(s string) string { return strings.Replace(s, "T00000000", "T0ANOTHER1", 1) },
	} {
		w := newFlow(t)
		w.tick() // the first people are in force
		w.find("photos")
		w.rules(change(team3))
		w.tick()
		all := w.sink.Messages()
		asked := len(all) - 1
		w.has(asked, "Waits for approval: Change who may approve")
		if err := w.press(asked, "U0MAL00001", "approve"); err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("%s: mal is heard: %v", name, err)
		}
		if err := w.press(0, "U0ADA00001", "approve"); err != nil || len(w.orders) != 1 {
			t.Errorf("%s: ada decides about a fix: %v, %d orders", name, err, len(w.orders))
		}
		for _, who := range []string{"U0ADA00001", "U0BO000001"} {
			if err := w.press(asked, who, "approve"); err != nil {
				t.Errorf("%s: %s agrees: %v", name, who, err)
			}
		}
		w.has(asked, "Applied: Change who may approve")
		w.find("films")
		if err := w.press(len(w.sink.Messages())-1, "U0ADA00001", "approve"); err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("%s: afterwards the ada of before is heard: %v", name, err)
		}
	}
}
