package tableencryption

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

// outsiders names whom the table's resource policy lets in from other accounts. The AWS managed key cannot be granted to them, so that it would shut
// them out (DynamoDB developer guide, "Resource-based policy considerations").
func outsiders(policy, account string) []string {
	if policy == "" {
		return nil
	}
	doc, err := iampolicy.Parse([]byte(policy))
	if err != nil {
		return []string{"nobody knows whom: the table's policy cannot be read (" + err.Error() + ")"}
	}
	var out []string
	for _, st := range doc.Statements {
		if st.Allow && iampolicy.JudgePublic(st, iampolicy.Generic).Verdict != iampolicy.NotPublic {
			out = append(out, "everyone ("+st.Name()+")")
			continue
		}
		out = append(out, iampolicy.StatementGrantees(st, iampolicy.Generic, account).Foreign()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// customerKey says how people put the table under a key that the others may use.
func customerKey(r awsapi.Resource, others []string) core.Advice {
	at := " --region " + r.Region
	return core.Advice{
		Title: "Encrypt table " + r.ID + " with a key that the other accounts may use",
		Steps: []string{
			"The table's resource policy lets these in, and none of them could use the AWS managed key: " + strings.Join(others, "; ") + ".",
			"Make a symmetric key: aws kms create-key --description \"DynamoDB table " + r.ID + "\"" + at,
			"In its policy (aws kms get-key-policy, put-key-policy) add a statement for them with kms:Decrypt, kms:DescribeKey and, for writers, kms:Encrypt and kms:GenerateDataKey*, under a kms:ViaService condition for DynamoDB in this Region. Leave the account's own root statement as it is.",
			"Have the other accounts allow the same in the policies of their own roles.",
			fmt.Sprintf("Set the key: aws dynamodb update-table --table-name %s --sse-specification Enabled=true,SSEType=KMS,KMSMasterKeyId=KEY%s", r.ID, at),
			"Have each of them read an item. To go back: aws dynamodb update-table --table-name " + r.ID + " --sse-specification Enabled=false" + at,
		},
		Outage: "none if everybody has the right before the key is set; else their requests are refused until they have",
		Cost:   "1 USD a month for the key, and KMS requests",
	}
}
