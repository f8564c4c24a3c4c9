// Package controltest is the conformance suite that every control passes: it reads the cases in the control's testdata folder and proves them
// against the emulator, each in an account of its own.
//
//	func TestMain(m *testing.M)        { emulatortest.Main(m) }
//	func TestControl(t *testing.T)     { controltest.Run(t, Control()) }
//	func TestRequests(t *testing.T)    { controltest.Budget(t, Control(), "public-policy", 6, 1) }
//
// # A case
//
// A case is a txtar file: a sentence on what it is about, then sections. Unknown sections are an error.
//
//	setup       calls that make the resource, see package setup; ${name} stands for what a call bound. A policy may be written as a JSON object
//	            where AWS takes a text, and is kept byte by byte; a line that begins with a space continues the one before
//	resource    the id of the resource
//	region      where the resource is; default eu-west-1, for global types the partition's home Region
//	settings    core.Settings as JSON: {"KeepPorts":[443],"Now":"2030-01-01T00:00:00Z"}
//	outcome     violating | compliant | not_applicable | gone | refused | advice | unsettled
//	violations  one a line: rule | where [| unsettled or manual]; in any order, exact
//	calls       the wanted calls, one a line, in order: service:Operation {input}; a policy may be written as in setup. Bindings are
//	            "-> Field=0.Path": the input's Field from the output of the change with that index
//	undo        the wanted undo calls, change by change; same form
//	never_auto, advice, refused, notes
//	            texts that must be in what the proposal says there, one a line; never_auto without a line: there must be none
//	after       the state read back after the calls, JSON
//	undone      the state read back after the undo, where it may differ from the one before (controls that are partly reversible)
//	tolerates   reads whose denial the control takes as an answer, one a line: ec2:DescribeImages
//	synthetic   files of testdata/synthetic for this case alone, see below
//	state       instead of setup: a state as JSON, judged without the emulator; with a resource the plan is made, too, and calls, undo and texts are checked
//
// ${bucket}, ${account}, ${region}, ${partition} and ${suffix} are set; the bucket's name and the suffix are the case's own.
//
// # What is proved
//
// Violations, outcome, calls, undo and texts are as listed. The calls are checked, made and read back: the judge is clean, and the state is the one listed
// and the one that the plan expected; where the plan has a shorter way to look back, that shows the same. Planning again finds nothing to do. The undo calls, run in reverse order, give back the state before. A read that is
// denied makes Look fail with an error of class access denied. Lists that the API answers in another order give the same plan. Over all cases the
// operations made are the declared ones: Reads in looking, Writes in doing, Undoes in undoing, no more and no less.
//
// # What the emulator lacks
//
// A file testdata/synthetic/service.Operation.json answers in the place of the emulator; what one may be is listed in exceptions.go, with the reason, and
// such operations are counted and printed apart. The file holds
//
//	{"synthetic": "address of the API reference page",
//	 "answers": [{"when": "mark", "request": ["texts that the request must have"],
//	              "status": 200, "body": "...", "merge": {...}, "sets": "mark"}]}
//
// The first answer that fits is given; none: the request goes to the emulator. "when" asks for the mark that an earlier answer of the same case has set ("" for none yet),
// left out it always fits. With "merge" the emulator answers, and this JSON is merged into its body (RFC 7396); with "body" it is not asked. ${account} and the
// like are replaced. Files with other names (service.Operation.something.json) are used only by cases that name them in their section "synthetic", and come first.
package controltest
