package signal

import "strings"

// partition is one separate set of AWS Regions.
// Source: botocore's partitions.json (Region patterns and DNS suffixes), IAM user guide (home Region of global services).
type partition struct {
	name      string
	prefixes  []string // what its Region names begin with
	home      string   // the Region in which IAM's events appear
	dnsSuffix string
}

// The order matters: us-gov- and us-iso- must be tried before us-.
func partitions() []partition {
	return []partition{
		{"aws-us-gov", []string{"us-gov-"}, "us-gov-west-1", "amazonaws.com"},
		{"aws-iso", []string{"us-iso-"}, "us-iso-east-1", "c2s.ic.gov"},
		{"aws-iso-b", []string{"us-isob-"}, "us-isob-east-1", "sc2s.sgov.gov"},
		{"aws-iso-e", []string{"eu-isoe-"}, "eu-isoe-west-1", "cloud.adc-e.uk"},
		{"aws-iso-f", []string{"us-isof-"}, "us-isof-south-1", "csp.hci.ic.gov"},
		{"aws-cn", []string{"cn-"}, "cn-north-1", "amazonaws.com.cn"},
		{"aws-eusc", []string{"eusc-de-"}, "eusc-de-east-1", "amazonaws.eu"},
		{"aws", []string{"us-", "eu-", "ap-", "sa-", "ca-", "me-", "af-", "il-", "mx-"}, "us-east-1", "amazonaws.com"},
	}
}

// PartitionOf gives the partition of a Region by its name, "" if the name is not of any known partition's form
// (prefix, one word, number: eu-central-1). "global" and "aws-global" are not Regions.
func PartitionOf(region string) string {
	for _, p := range partitions() {
		for _, prefix := range p.prefixes {
			if rest, ok := strings.CutPrefix(region, prefix); ok && isWordNumber(rest) {
				return p.name
			}
		}
	}
	return ""
}

// KnownPartition tells whether name is a partition, e.g. aws-cn.
func KnownPartition(name string) bool {
	_, ok := findPartition(name)
	return ok
}

// HomeRegion is the Region in which a partition's global services (IAM) record their events; "" for an unknown partition.
func HomeRegion(name string) string {
	p, _ := findPartition(name)
	return p.home
}

// DNSSuffix is the domain of a partition's service endpoints, e.g. amazonaws.com.cn; "" for an unknown partition.
func DNSSuffix(name string) string {
	p, _ := findPartition(name)
	return p.dnsSuffix
}

func findPartition(name string) (partition, bool) {
	for _, p := range partitions() {
		if p.name == name {
			return p, true
		}
	}
	return partition{}, false
}

// isWordNumber recognises the end of a Region's name: "central-1".
func isWordNumber(s string) bool {
	word, number, ok := strings.Cut(s, "-")
	if !ok || word == "" || number == "" || len(number) > 2 {
		return false
	}
	for i := range len(word) {
		if word[i] < 'a' || word[i] > 'z' {
			return false
		}
	}
	for i := range len(number) {
		if number[i] < '0' || number[i] > '9' {
			return false
		}
	}
	return true
}
