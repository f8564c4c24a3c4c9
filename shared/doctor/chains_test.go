package doctor_test

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/shoreup/shoreup/shared/doctor"
)

func auditKey(pk, sk string) map[string]dynamodbtypes.AttributeValue {
	return map[string]dynamodbtypes.AttributeValue{"pk": &dynamodbtypes.AttributeValueMemberS{Value: pk}, "sk": &dynamodbtypes.AttributeValueMemberS{Value: sk}}
}

func (c *cloud) forget(pk, sk string) {
	_, err := dynamodb.NewFromConfig(c.cfg).DeleteItem(c.t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String("shoreup-audit"), Key: auditKey(pk, sk)})
	c.ok(err)
}

// hiddenChains: whoever can write to the table can take a chain off its list, which then looks as if there were nothing.
func hiddenChains() []broken {
	const member = "444455556666"
	enrol := func(c *cloud) {
		c.rulesFile(fmt.Sprintf("version: 1\naccounts:\n  - {id: %q, name: own}\n  - {id: %q, name: prod}\n", c.account, member))
		c.config.Accounts = []string{c.account} // nobody looks into the other one, and its records are here
	}
	return []broken{
		{"the installation's own chain is hidden", func(c *cloud) {
			c.record(c.account, time.Now())
			c.forget("#chains", c.account)
		}, "audit", doctor.Problem, ": the table does not list the chain", `dynamodb put-item --table-name shoreup-audit --item '{"pk":{"S":"#chains"},"sk":{"S":"`, nil},
		{"an account's chain is hidden", func(c *cloud) {
			enrol(c)
			c.record(member, time.Now())
			c.forget("#chains", member)
		}, "audit", doctor.Problem, member + ": the table does not list the chain", "treat it as tampering", nil},
		{"an account's chain is hidden, head and all", func(c *cloud) {
			enrol(c)
			c.record(member, time.Now())
			c.forget("#chains", member)
			c.forget(member, "head")
		}, "audit", doctor.Problem, member + ": the table does not list the chain", "treat it as tampering", nil},
		{"a hidden chain that is not sealed", func(c *cloud) {
			c.record(c.account, time.Now().Add(-5*time.Hour))
			c.forget("#chains", c.account)
		}, "sealed", doctor.Problem, ": record 1, of ", "event-rules", []string{"audit"}},
		{"a hidden chain that was sealed", func(c *cloud) {
			c.record("111122223333", time.Now())
			c.seal("111122223333", 1, 1)
			c.forget("#chains", "111122223333")
		}, "audit", doctor.Problem, "111122223333: the table does not list the chain", "treat it as tampering", nil},
		{"a sealed chain is gone from the table", func(c *cloud) { c.seal("111122223333", 1, 2) }, "audit", doctor.Problem, "111122223333: the table has no record of it", "--sealed-only --account 111122223333", []string{"sealed"}},
		{"a listed chain without records", func(c *cloud) {
			c.record("111122223333", time.Now())
			c.forget("111122223333", "head")
			c.forget("111122223333", "0000000000000001")
		}, "audit", doctor.Problem, "111122223333: the table has no record of it", "treat it as tampering", nil},
		{"more is sealed than the table has", func(c *cloud) {
			c.record("111122223333", time.Now())
			c.seal("111122223333", 1, 3)
		}, "sealed", doctor.Problem, "111122223333: it is sealed up to record 3, and the table ends at record 1", "treat it as tampering", nil},
		{"a row among the records that is none", func(c *cloud) {
			c.record("111122223333", time.Now())
			_, err := dynamodb.NewFromConfig(c.cfg).PutItem(c.t.Context(), &dynamodb.PutItemInput{TableName: aws.String("shoreup-audit"), Item: auditKey("111122223333", "0000000000000000")})
			c.ok(err)
		}, "audit", doctor.Problem, `a row "0000000000000000", which is neither an entry nor its head`, "treat it as tampering", nil},
		{"nothing is sealed yet", func(c *cloud) { c.record("111122223333", time.Now().Add(-time.Hour)) }, "sealed", doctor.OK, "nothing is sealed yet of 1 chain, younger than 3 hours", "", nil},
		{"one is sealed and one is young", func(c *cloud) {
			c.record("111122223333", time.Now())
			c.seal("111122223333", 1, 1)
			c.record("444455556666", time.Now())
		}, "sealed", doctor.OK, "1 chain sealed up to the last hours; nothing is sealed yet of 1 chain", "", nil},
	}
}
