package topicencryption

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/iampolicy"
	"github.com/shoreup/shoreup/shared/wildcard"
)

// publishers is who may publish to a topic, as far as the AWS managed key decides about them.
type publishers struct {
	shutOut  []string // who could not publish any more
	services []string // the service principals among them
	doubts   []string // statements that services may use without being named, as the policy that SNS gives a topic has it (aws:SourceOwner)
}

// serviceKeys are the condition keys by which a statement for everyone is meant for an AWS service.
var serviceKeys = []string{
	"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths", "aws:principalisawsservice", "aws:principalservicename", "aws:principalservicenameslist",
}

// publishersOf reads them from the topic's policy. Source: SNS developer guide, "Managing Amazon SNS encryption keys and costs".
func publishersOf(policy, account string) publishers {
	var p publishers
	if policy == "" {
		return p
	}
	doc, err := iampolicy.Parse([]byte(policy))
	if err != nil {
		p.shutOut = []string{"nobody knows whom: the topic's policy cannot be read (" + err.Error() + ")"}
		return p
	}
	for _, st := range doc.Statements {
		if st.Allow && publishes(st) {
			p.add(st, account)
		}
	}
	slices.Sort(p.services)
	p.services = slices.Compact(p.services)
	return p
}

func (p *publishers) add(st iampolicy.Statement, account string) {
	everyone := st.NotPrincipals != nil
	for _, one := range st.Principals {
		switch {
		case one.Type == iampolicy.Service:
			p.services = append(p.services, one.ID)
			p.shutOut = append(p.shutOut, fmt.Sprintf("%s (%s)", one.ID, st.Name()))
		case one.Type == iampolicy.Anyone, one.Type == iampolicy.AWS && one.ID == "*":
			everyone = true
		}
	}
	forService := slices.ContainsFunc(st.Conditions, func(c iampolicy.Condition) bool { return slices.Contains(serviceKeys, c.Key) })
	switch {
	case everyone && iampolicy.JudgePublic(st, iampolicy.SNS).Verdict != iampolicy.NotPublic:
		p.shutOut = append(p.shutOut, "everyone, services and other accounts among them ("+st.Name()+")")
		return
	case everyone && forService:
		p.shutOut = append(p.shutOut, "the service that a condition stands for ("+st.Name()+")")
		return
	case everyone && slices.ContainsFunc(st.Conditions, func(c iampolicy.Condition) bool { return c.Key == "aws:sourceowner" }):
		p.doubts = append(p.doubts, st.Name()+" also lets AWS services in that act for the account, such as CloudWatch alarms: aws cloudwatch describe-alarms lists whom they notify")
	}
	for _, foreign := range iampolicy.StatementGrantees(st, iampolicy.SNS, account).Foreign() {
		p.shutOut = append(p.shutOut, fmt.Sprintf("%s (%s)", foreign, st.Name()))
	}
}

// publishes reports whether the statement is about sns:Publish. Actions are case-insensitive.
func publishes(st iampolicy.Statement) bool {
	matches := func(pattern string) bool { return wildcard.Match(strings.ToLower(pattern), "sns:publish") }
	if st.NotActions != nil {
		return !slices.ContainsFunc(st.NotActions, matches)
	}
	return slices.ContainsFunc(st.Actions, matches)
}

// customerKey says how people encrypt the topic with a key of their own.
func customerKey(r awsapi.Resource, who publishers) core.Advice {
	at := " --region " + r.Region
	steps := []string{
		"These publish to the topic and could not use the AWS managed key, whose policy nobody can change: " + strings.Join(who.shutOut, "; ") + ".",
		"Make a symmetric key: aws kms create-key --description \"SNS topics\"" + at,
	}
	if len(who.services) > 0 {
		steps = append(steps, fmt.Sprintf("Let the services use it: in its policy (aws kms get-key-policy, put-key-policy) add a statement for %s with kms:GenerateDataKey* and kms:Decrypt. Leave the account's own root statement as it is. For EventBridge do not add aws:SourceArn or aws:SourceAccount, which its requests lack.", strings.Join(who.services, ", ")))
	}
	steps = append(steps,
		"Give every other publisher kms:GenerateDataKey* and kms:Decrypt on the key: other accounts in the key's policy and in their own, roles of this account in their policies.",
		fmt.Sprintf("Set the key: aws sns set-topic-attributes --topic-arn %s --attribute-name KmsMasterKeyId --attribute-value KEY%s", r.ID, at),
		"Have every publisher send a message and see it arrive: a publisher without the right fails silently (aws cloudwatch set-alarm-state sends an alarm). To go back, set KmsMasterKeyId to an empty value.",
	)
	return core.Advice{
		Title:  "Encrypt topic " + r.ID + " with a key that its publishers may use",
		Steps:  steps,
		Outage: "none if every publisher has the right before the key is set; else its messages are lost until it has",
		Cost:   "1 USD a month for the key, and KMS requests (SNS reuses a data key for up to five minutes)",
	}
}
