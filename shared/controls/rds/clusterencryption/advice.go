package clusterencryption

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/rdsapi"
	"github.com/shoreup/shoreup/shared/core"
)

// replace says how people replace the cluster. An unencrypted cluster snapshot cannot be copied encrypted; the key is given when it is restored.
// Source: Aurora user guide, "Encrypting Amazon Aurora resources".
func replace(r awsapi.Resource, d rdsapi.Database) core.Advice {
	at := " --region " + r.Region
	plain, fresh, old := r.ID+"-plain", r.ID+"-new", r.ID+"-old"
	steps := []string{
		fmt.Sprintf("Write down what a restore does not carry over (parameter groups, security groups, IAM roles and authentication, custom endpoints, scaling, alarms, tags): aws rds describe-db-clusters --db-cluster-identifier %s%s > %s.json; aws rds describe-db-cluster-endpoints --db-cluster-identifier %s%s", r.ID, at, r.ID, r.ID, at),
		"Choose a key. Prefer one of your own: snapshots under alias/aws/rds cannot be shared with other accounts. A key that is deleted later takes the databases with it.",
	}
	if d.ReplicaOf != "" || len(d.Replicas) > 0 {
		steps = append(steps, "The cluster replicates: replace the source first, and make its replicas anew from the encrypted one.")
	}
	steps = append(steps,
		fmt.Sprintf("In the window, stop what writes to the cluster, then: aws rds create-db-cluster-snapshot --db-cluster-identifier %s --db-cluster-snapshot-identifier %s%s && aws rds wait db-cluster-snapshot-available --db-cluster-snapshot-identifier %s%s", r.ID, plain, at, plain, at),
		fmt.Sprintf("Restore it with a key: aws rds restore-db-cluster-from-snapshot --db-cluster-identifier %s --snapshot-identifier %s --engine %s --kms-key-id KEY%s%s && aws rds wait db-cluster-available --db-cluster-identifier %s%s", fresh, plain, d.Engine, carried(d), at, fresh, at),
	)
	if slices.Contains(aurora, d.Engine) {
		steps = append(steps, fmt.Sprintf("A restored Aurora cluster has no instances. Add as many as there are now (%s), with their class and parameter group: aws rds create-db-instance --db-instance-identifier %s-1 --db-cluster-identifier %s --engine %s --db-instance-class CLASS%s", strings.Join(d.Members, ", "), fresh, fresh, d.Engine, at))
	}
	drop := fmt.Sprintf("After some days, delete the unencrypted leftovers yourself (%s with its instances, snapshot %s, older manual snapshots): each still holds the data", old, plain)
	if d.DeletionProtection {
		drop += fmt.Sprintf("; %s has deletion protection, which has to be taken off first", old)
	}
	steps = append(steps,
		fmt.Sprintf("Check the data, and that it is encrypted: aws rds describe-db-clusters --db-cluster-identifier %s --query 'DBClusters[0].StorageEncrypted'%s", fresh, at),
		fmt.Sprintf("Switch by name, so that the endpoints stay: aws rds modify-db-cluster --db-cluster-identifier %s --new-db-cluster-identifier %s --apply-immediately%s; wait until it answers under the new name; then aws rds modify-db-cluster --db-cluster-identifier %s --new-db-cluster-identifier %s --apply-immediately%s. Instance endpoints and custom endpoints do not follow.", r.ID, old, at, fresh, r.ID, at),
		drop,
	)
	return core.Advice{
		Title:  "Replace DB cluster " + r.ID + " by an encrypted one",
		Steps:  steps,
		Outage: "from stopping the writers until the second rename is done: tens of minutes for a small cluster, longer for a large one. Logical replication or AWS Database Migration Service shortens it to the switch",
		Cost:   "two clusters while both run, snapshot storage, and a KMS key at 1 USD a month if it is your own; encryption itself costs nothing",
	}
}

// carried are the settings of the old cluster that a restore has to be told.
func carried(d rdsapi.Database) string {
	var b strings.Builder
	for _, o := range []struct{ flag, value string }{
		{"--db-cluster-instance-class", d.Class}, {"--db-subnet-group-name", d.SubnetGroup}, {"--db-cluster-parameter-group-name", d.ParameterGroup},
		{"--vpc-security-group-ids", strings.Join(d.SecurityGroups, " ")},
	} {
		if o.value != "" {
			b.WriteString(" " + o.flag + " " + o.value)
		}
	}
	if d.IAMAuth {
		b.WriteString(" --enable-iam-database-authentication")
	}
	if d.DeletionProtection {
		b.WriteString(" --deletion-protection")
	}
	return b.String()
}
