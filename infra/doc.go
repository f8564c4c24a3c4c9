// Package infra is shoreup's deployment as an AWS CDK app. Everything that depends on what is watched, read or written comes from the controls
// that are passed in; the package holds no control, event or customer-facing action of its own.
//
// It is written with the CDK's level 1 constructs: logical ids are the names given here, the template holds exactly what these files say, and an
// upgrade replaces nothing by accident. What can be worked out without the CDK (patterns.go, policies.go) is plain data, so that tests reach it
// without Node.
//
// [SingleAccount] makes two stacks. "shoreup" is the installation. "shoreup-home" is deployed in the partition's home Region where the installation
// is in another one: IAM and the other global services report only there, and it forwards their events. It refuses to be deployed where it would
// send to itself.
//
// The code of the functions comes in one of two ways. By default the template has two parameters, CodeBucket and CodeKeyPrefix, and no assets: it
// is a plain file that CloudFormation takes as it is, the one embedded in package template, and synthesising it compiles nothing. With
// [Props.Functions] set to a folder of built binaries (<name>/bootstrap, see [Build]) they become CDK assets, which cdk deploy uploads.
package infra
