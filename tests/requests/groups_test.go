package requests

import "fmt"

const sgOpen = "ec2-security-group-open"

const (
	group = `
vpc = ec2:CreateVpc {"CidrBlock":"10.0.0.0/16"} Vpc.VpcId
sg = ec2:CreateSecurityGroup {"GroupName":"web","Description":"web servers","VpcId":"${vpc}"} GroupId
subnet = ec2:CreateSubnet {"VpcId":"${vpc}","CidrBlock":"10.0.1.0/24"} Subnet.SubnetId
ec2:CreateNetworkInterface {"SubnetId":"${subnet}","Groups":["${sg}"]}
`
	world = `
list = ec2:CreateManagedPrefixList {"PrefixListName":"all","AddressFamily":"IPv4","MaxEntries":2,"Entries":[{"Cidr":"0.0.0.0/1"},{"Cidr":"128.0.0.0/1"}]} PrefixList.PrefixListId
`
	office = `
list2 = ec2:CreateManagedPrefixList {"PrefixListName":"office","AddressFamily":"IPv4","MaxEntries":2,"Entries":[{"Cidr":"203.0.113.0/24"}]} PrefixList.PrefixListId
`
	mixed = `
list = ec2:CreateManagedPrefixList {"PrefixListName":"mixed","AddressFamily":"IPv4","MaxEntries":2,"Entries":[{"Cidr":"0.0.0.0/0"},{"Cidr":"203.0.113.0/24"}]} PrefixList.PrefixListId
`
	fromWorld     = `"IpRanges":[{"CidrIp":"0.0.0.0/0"}]`
	fromWorldIPv6 = `"Ipv6Ranges":[{"CidrIpv6":"::/0"}]`
	fromNetwork   = `"IpRanges":[{"CidrIp":"12.0.0.0/8"}]`
	fromList      = `"PrefixListIds":[{"PrefixListId":"${list}"}]`
	fromOffice    = `"PrefixListIds":[{"PrefixListId":"${list2}"}]`
)

func ingress(port int, source string) string {
	return fmt.Sprintf(`ec2:AuthorizeSecurityGroupIngress {"GroupId":"${sg}","IpPermissions":[{"IpProtocol":"tcp","FromPort":%d,"ToPort":%d,%s}]}`+"\n", port, port, source)
}

// groupBudgets: a group in order costs 1 read; an open one its rules, group and interfaces, and 1 per prefix list, the same again, 1 write and 1 read-back.
var groupBudgets = []budget{
	{sgOpen, "group, in order", group + ingress(443, fromWorld), 1, 0, 0},
	{sgOpen, "group, in order, prefix list", group + office + ingress(22, fromOffice), 2, 0, 0},
	{sgOpen, "group, open", group + ingress(22, fromWorld), 3, 1, 1},
	{sgOpen, "group, open over IPv4 and IPv6", group + ingress(22, fromWorld) + ingress(22, fromWorldIPv6), 3, 1, 1},
	{sgOpen, "group, open, several rules", group + ingress(22, fromWorld) + ingress(3389, fromWorld) + ingress(5432, fromWorld), 3, 1, 1},
	{sgOpen, "group, open, large network beside it", group + ingress(22, fromWorld) + ingress(22, fromNetwork), 3, 1, 1},
	{sgOpen, "group, open by prefix list", group + world + ingress(22, fromList), 4, 1, 1},
	{sgOpen, "group, open, prefix list beside it", group + office + ingress(22, fromWorld) + ingress(22, fromOffice), 4, 1, 1},
	{sgOpen, "group, open by one of two prefix lists", group + world + office + ingress(22, fromList) + ingress(22, fromOffice), 5, 1, 1},
	{sgOpen, "group, open, mixed prefix list beside it", group + mixed + ingress(22, fromWorld) + ingress(22, fromList), 4, 1, 1},
}
