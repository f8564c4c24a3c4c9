package infra

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
)

// SingleAccount adds to the app an installation that looks after the account it is in, and the stack for the home Region. Neither depends on where
// the app is synthesised.
func SingleAccount(app awscdk.App, p Props) {
	l := layout{fleet: functions, hub: account, members: account, boundary: name("boundary")}
	if p.HubActions {
		l.fleet = append(slices.Clone(l.fleet), actionsFunction())
	}
	if p.ConfigRules {
		l.fleet = append(slices.Clone(l.fleet), configRuleFunction())
	}
	s := newStack(app, prefix, "shoreup for one account: finds what AWS customers must secure themselves, and fixes it", p, l)
	s.installationParameters()
	s.homeMapping()
	s.installation()
	s.roles(append(s.taken(), s.functionRoles()...))
	s.protect()
	s.hearing()
	if p.HubActions {
		s.hubActions()
	}
	if p.ConfigRules {
		f := configRuleFunction()
		s.permission(f.name, f.caller, nil)
		s.configStack(app, "config", true)
	}
	s.homeStack(app)
}

// installation adds what the shapes single and hub have in common: all but roles, and the rules that hear events.
func (s stack) installation() {
	s.buckets()
	s.tables()
	s.queues()
	s.functions()
	s.schedules()
	s.alarmTopic()
	s.alarms()
	s.dashboard()
}
