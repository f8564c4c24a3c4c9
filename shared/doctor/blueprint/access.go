package blueprint

import (
	"fmt"
	"slices"
)

// watch marks the queues that an alarm wants to be empty.
func (b *Blueprint) watch(alarm object) {
	for _, d := range alarm.list("Dimensions") {
		for i := range b.Queues {
			if b.Queues[i].Name == d.text("Value") {
				b.Queues[i].MustBeEmpty = true
			}
		}
	}
}

// guard gives queues their policy.
func (b *Blueprint) guard(queues []string, policy map[string]any) {
	for i := range b.Queues {
		if slices.Contains(queues, b.Queues[i].Name) {
			b.Queues[i].Policy = policy
		}
	}
}

// answer notes who may call a function, and how.
func (b *Blueprint) answer(kind string, p object) {
	of := lastPart(p.text("FunctionName") + p.text("TargetFunctionArn")) // one has this, one has that
	for i := range b.Functions {
		f := &b.Functions[i]
		switch {
		case f.Name != of:
		case kind == "AWS::Lambda::Url":
			f.URL = p.text("AuthType")
		default:
			via := fmt.Sprint(p["InvokedViaFunctionUrl"]) == "true" || p.text("FunctionUrlAuthType") != ""
			f.Callers = append(f.Callers, Caller{p.text("Principal"), p.text("Action"), via})
		}
	}
}
