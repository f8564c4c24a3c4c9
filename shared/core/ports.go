package core

// SensitivePorts are the ports that must not face the internet: remote administration, databases, caches and search, each with what listens there.
func SensitivePorts() map[int32]string {
	return map[int32]string{
		22: "SSH", 3389: "RDP", 3306: "MySQL", 5432: "PostgreSQL", 1433: "SQL Server", 6379: "Redis", 27017: "MongoDB", 9200: "Elasticsearch",
	}
}
