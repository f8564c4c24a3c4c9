package instanceencryption

import (
	"fmt"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/rdsapi"
	"github.com/shoreup/shoreup/shared/core"
)

// replace says how people replace the instance. Source: RDS user guide, "Encrypting Amazon RDS resources" and "Renaming a DB instance".
func replace(r awsapi.Resource, d rdsapi.Database) core.Advice {
	if d.ReplicaOf != "" {
		return replica(r, d)
	}
	at := " --region " + r.Region
	plain, encrypted, fresh, old := r.ID+"-plain", r.ID+"-encrypted", r.ID+"-new", r.ID+"-old"
	steps := []string{
		fmt.Sprintf("Write down what a restore does not carry over (parameter and option group, security groups, IAM authentication, log exports, alarms, tags): aws rds describe-db-instances --db-instance-identifier %s%s > %s.json", r.ID, at, r.ID),
		"Choose a key. Prefer one of your own: snapshots under alias/aws/rds cannot be shared with other accounts. A key that is deleted later takes the database with it.",
		fmt.Sprintf("In the window, stop what writes to the database, then: aws rds create-db-snapshot --db-instance-identifier %s --db-snapshot-identifier %s%s && aws rds wait db-snapshot-available --db-snapshot-identifier %s%s", r.ID, plain, at, plain, at),
		fmt.Sprintf("Copy it encrypted: aws rds copy-db-snapshot --source-db-snapshot-identifier %s --target-db-snapshot-identifier %s --kms-key-id KEY --copy-tags%s && aws rds wait db-snapshot-available --db-snapshot-identifier %s%s", plain, encrypted, at, encrypted, at),
		fmt.Sprintf("Restore under another name: aws rds restore-db-instance-from-db-snapshot --db-instance-identifier %s --db-snapshot-identifier %s%s%s && aws rds wait db-instance-available --db-instance-identifier %s%s", fresh, encrypted, carried(d), at, fresh, at),
		fmt.Sprintf("Check the data, and that it is encrypted: aws rds describe-db-instances --db-instance-identifier %s --query 'DBInstances[0].StorageEncrypted'%s", fresh, at),
		fmt.Sprintf("Switch by name, so that the endpoint stays: aws rds modify-db-instance --db-instance-identifier %s --new-db-instance-identifier %s --apply-immediately%s; wait until it answers under the new name; then aws rds modify-db-instance --db-instance-identifier %s --new-db-instance-identifier %s --apply-immediately%s", r.ID, old, at, fresh, r.ID, at),
	}
	if len(d.Replicas) > 0 {
		steps = append(steps, fmt.Sprintf("Make the read replicas anew from the encrypted instance and move their readers; the ones there are (%s) stay replicas of %s: aws rds create-db-instance-read-replica --db-instance-identifier NAME --source-db-instance-identifier %s%s", strings.Join(d.Replicas, ", "), old, r.ID, at))
	}
	drop := fmt.Sprintf("After some days, delete the unencrypted leftovers yourself (%s, snapshot %s, older manual snapshots): each still holds the data", old, plain)
	if d.DeletionProtection {
		drop += fmt.Sprintf("; %s has deletion protection, which has to be taken off first", old)
	}
	return core.Advice{
		Title:  "Replace DB instance " + r.ID + " by an encrypted one",
		Steps:  append(steps, drop),
		Outage: "from stopping the writers until the second rename is done: minutes for a small database, hours for a large one (snapshot, copy and restore grow with size, and the first reads are slow). AWS Database Migration Service shortens it to the switch",
		Cost:   "two instances and twice the storage while both run, snapshot storage, and a KMS key at 1 USD a month if it is your own; encryption itself costs nothing",
	}
}

// carried are the settings of the old instance that a restore has to be told.
func carried(d rdsapi.Database) string {
	var b strings.Builder
	for _, o := range []struct{ flag, value string }{
		{"--db-instance-class", d.Class}, {"--db-subnet-group-name", d.SubnetGroup}, {"--db-parameter-group-name", d.ParameterGroup},
		{"--option-group-name", d.OptionGroup}, {"--vpc-security-group-ids", strings.Join(d.SecurityGroups, " ")},
	} {
		if o.value != "" {
			b.WriteString(" " + o.flag + " " + o.value)
		}
	}
	for _, o := range []struct {
		flag string
		on   bool
	}{
		{"multi-az", d.MultiAZ}, {"publicly-accessible", d.Public}, {"enable-iam-database-authentication", d.IAMAuth}, {"deletion-protection", d.DeletionProtection},
	} {
		switch {
		case o.on:
			b.WriteString(" --" + o.flag)
		case o.flag == "publicly-accessible": // left out, RDS may choose public
			b.WriteString(" --no-" + o.flag)
		}
	}
	return b.String()
}

// replica says what to do about a read replica: it is encrypted if its source is.
func replica(r awsapi.Resource, d rdsapi.Database) core.Advice {
	at := " --region " + r.Region
	return core.Advice{
		Title: "Replace read replica " + r.ID + " by an encrypted one",
		Steps: []string{
			fmt.Sprintf("The instance is a read replica of %s. A replica of an unencrypted source cannot be encrypted, so replace the source first, by its own advice.", d.ReplicaOf),
			fmt.Sprintf("Then make a replica of the encrypted source: aws rds create-db-instance-read-replica --db-instance-identifier %s-new --source-db-instance-identifier %s --db-instance-class %s%s", r.ID, d.ReplicaOf, d.Class, at),
			"A replica in another Region than its source also needs --kms-key-id with a key of its own Region.",
			fmt.Sprintf("Move the readers to it (or rename, so that the endpoint stays), then delete %s yourself.", r.ID),
		},
		Outage: "none for the readers, if they are moved one by one; a renamed replica is away for some minutes",
		Cost:   "two replicas while both run",
	}
}
