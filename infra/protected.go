package infra

import (
	"strings"

	"github.com/shoreup/shoreup/shared/core"
)

// protected denies whatever must never be changed: the ARNs that package core refuses to write, with the partition filled in. Readers are not
// affected, since the roles that write have nothing to read.
func protected(more []string) statement {
	s := statement{effect: "Deny", actions: []string{"*"}}
	for _, arn := range core.ProtectedARNs() {
		if strings.HasSuffix(arn, ":root") {
			continue // no action of IAM takes the root user as its resource
		}
		s.resources = append(s.resources, strings.Replace(arn, "arn:*:", "arn:"+partition+":", 1))
	}
	s.resources = append(s.resources, ownThings()...)
	s.resources = distinct(append(s.resources, more...))
	return s
}

// ownThings are the parts of an installation besides those that package core names.
func ownThings() []string {
	here := func(service, resource string) string { return "arn:" + partition + ":" + service + ":*:*:" + resource }
	return []string{
		here("cloudwatch", "alarm:"+prefix+"-*"), here("events", "event-bus/"+prefix), here("events", "rule/"+prefix+"*"), here("lambda", "function:"+prefix+"-*"),
		here("logs", "log-group:/aws/lambda/"+prefix+"-*"), here("secretsmanager", "secret:"+prefix+"/*"), here("sns", prefix+"-*"),
	}
}
