// Package template holds the synthesised templates, so that what runs, documents or deploys an installation needs neither the CDK nor Node. They are
// plain CloudFormation: parameters, no assets. A test of package infra fails when they are not what the app gives today.
package template

import _ "embed"

//go:generate go run ../app --shape single --templates .
//go:generate go run ../app --shape hub --templates .
//go:generate go run ../app --shape member --templates .

//go:embed shoreup.template.json
var singleAccount string

//go:embed shoreup-home.template.json
var home string

//go:embed shoreup-hub.template.json
var hub string

//go:embed shoreup-member-global.template.json
var memberGlobal string

//go:embed shoreup-member-regional.template.json
var memberRegional string

// SingleAccount returns the template of an installation that looks after the account it is in.
func SingleAccount() string { return singleAccount }

// Home returns the template that forwards the events of global services from the partition's home Region, in shape single.
func Home() string { return home }

// Hub returns the template of an installation that looks after other accounts.
func Hub() string { return hub }

// MemberGlobal returns the template of a looked-after account's roles, for one of its Regions.
func MemberGlobal() string { return memberGlobal }

// MemberRegional returns the template of a looked-after account's event rules, for each of its Regions.
func MemberRegional() string { return memberRegional }
