// Package template holds the synthesised templates, so that what runs or documents a deployment needs neither the CDK nor Node. They are
// plain CloudFormation: parameters, no assets. A test of package infra fails when they are not what the app gives today.
package template

import _ "embed"

//go:generate go run ../app --templates .

//go:embed shoreup.template.json
var singleAccount string

//go:embed shoreup-home.template.json
var home string

// SingleAccount returns the template of an installation that looks after the account it is in.
func SingleAccount() string { return singleAccount }

// Home returns the template that forwards the events of global services from the partition's home Region.
func Home() string { return home }
