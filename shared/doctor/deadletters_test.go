package doctor

import (
	"strings"
	"testing"

	"github.com/shoreup/shoreup/infra/template"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
)

// TestEveryDeadLetterHasAnAdvice: for each queue of the templates that must be empty it is known what becomes of what is in it and where the reason stands.
// None is sent back: the queues refuse whoever would do that.
func TestEveryDeadLetterHasAnAdvice(t *testing.T) {
	t.Parallel()
	for shape, text := range map[string]string{"single": template.SingleAccount(), "home": template.Home(), "hub": template.Hub(), "member": template.MemberRegional()} {
		b, err := blueprint.Read(text, blueprint.Values{Partition: "aws", Account: "111122223333", Region: "eu-west-1"})
		if err != nil {
			t.Fatal(err)
		}
		v := &visit{Config: Config{Want: b}}
		seen := 0
		for _, q := range b.Queues {
			if !q.MustBeEmpty {
				continue
			}
			seen++
			if _, ok := lost[strings.TrimSuffix(strings.TrimPrefix(q.Name, ours), "-dlq")]; !ok {
				t.Errorf("%s: what becomes of messages in %s is not said", shape, q.Name)
			}
			if do := v.bury(q.Name, "eu-west-1", "URL"); strings.Contains(do, "move-task") || !strings.Contains(do, " say why") && !strings.Contains(do, " says why") && !strings.Contains(do, "why is in the log /aws/lambda/shoreup-") {
				t.Errorf("%s: %s: %s", shape, q.Name, do)
			}
		}
		if seen == 0 {
			t.Errorf("%s has no queue that must be empty", shape)
		}
	}
}
