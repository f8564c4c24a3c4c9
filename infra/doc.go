// Package infra is shoreup's deployment as an AWS CDK app. Everything that depends on what is watched, read or written comes from the controls
// that are passed in; the package holds no control, event or customer-facing action of its own.
//
// It is written with the CDK's level 1 constructs: logical ids are the names given here, the template holds exactly what these files say, and an
// upgrade replaces nothing by accident. What can be worked out without the CDK (patterns.go, sources.go, policies.go) is plain data, so that tests
// reach it without Node.
//
// # Shapes
//
// [SingleAccount] looks after the account it is in. "shoreup" is the installation. "shoreup-home" is deployed in the partition's home Region where the
// installation is in another one: IAM and the other global services report only there, and it forwards their events. It refuses to be deployed where
// it would send to itself.
//
// [Hub] looks after other accounts, from a security account that holds nothing else. "shoreup-hub" is deployed once in a partition, in the Region that
// all events are sent to. It has a bus that only the organisation's delivery roles may put events on, and no role that reads or fixes anything.
//
// [Member] is an account that a hub looks after. "shoreup-member-global" holds its roles and is deployed in one Region of the account;
// "shoreup-member-regional" holds the rules that forward its events and is deployed in every Region, after the roles. Both are plain files without
// assets that need nothing in the account, made for service-managed StackSets with automatic deployment. StackSets leave out the organisation's
// management account: deploy the two files there as stacks of their own if it is to be looked after, with the same parameters. The hub's own account
// is a member like any other; no names clash.
//
// With [Props.ConfigRules] there is a further stack of AWS Config rules ("shoreup-config", "shoreup-member-config"): they grow with the catalogue, and
// are deployed only where AWS Config records.
//
// # People
//
// Plans that wait for people are asked about by the function decide, which alone writes approvals. What people say reaches it over a queue of its own from two
// functions that may do nothing else: interact, which Slack calls, and review, which people call who are signed in to AWS. Without the parameter
// SlackCredential nobody is told in Slack; without it or SlackSigning there is no interact. Slack calls a function URL, or with [Props.SlackAPI] an HTTP API, where an organisation
// allows no function URL without authentication. Whoever is to decide without Slack is given the policy shoreup-may-review.
//
// # Queues
//
// What has something looked at, swept, or written comes by a queue that one sender alone may write into, so that the queue says who asked: events from EventBridge's
// rules, sweep messages from sweep, commands from the one role that a parameter names, orders of automatic plans from evaluate (apply), of what people agreed to from
// decide (approved), and of plans that took the place of others from apply itself (again). Package handler goes by that: an event's word counts in one queue, and
// approvals are used by orders of one queue. (Apply hands to itself what it planned anew, rather than do it at once: a fix that then fails in passing is delivered
// again, while the order that it came from is about a plan that is over.)
//
// Three queues have several senders, because nothing rests on who wrote into them. A message to decide says only which resource to look at, and is compared with the
// tables. Words name the person who spoke: interact and review both know that and nobody else does, each alone could name anybody, and what they say is taken the
// same way. Messages to notify are shown to people and change nothing; dead letters are kept for people, by all who cannot read a message.
//
// # Code
//
// The code of the functions comes in one of two ways. By default the template has two parameters, CodeBucket and CodeKeyPrefix, and no assets: it
// is a plain file that CloudFormation takes as it is, the one embedded in package template, and synthesising it compiles nothing. With
// [Props.Functions] set to a folder of built binaries (<name>/bootstrap, see [Build]) they become CDK assets, which cdk deploy uploads.
//
// # What stays
//
// Tables, buckets with their policies and the functions' log groups outlive the stack: they are the evidence of what was done, and the state decides
// what may be written next. Queues and alarms go with it: what waits in a queue is journalled already, or found again by the next sweep.
package infra
