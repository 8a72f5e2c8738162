package main

// figure is one number to reach.
type figure struct {
	what string // for people
	name string // the benchmark, without the word Benchmark
	// atMost is the ratio to the floor; maxAllocs and maxBytes per operation, 0 for no bound.
	atMost              float64
	maxAllocs, maxBytes float64
	// unit, with atLeast or upTo, is for a number that the benchmark reports itself.
	unit          string
	atLeast, upTo float64
	median        bool // of all rounds, not that of the shortest
}

// group is one package's benchmarks, run together.
type group struct {
	title, dir, pkg, bench string
	figures                []figure
	showRest               bool // print the other benchmarks too: peers
	// rounds and each, where set, take the place of the flags: for what begins slowly, and for
	// costs that a system counts roughly.
	rounds int
	each   string
}

// cpu is the processor time of the process that filters.
const cpu = "cpu-µs/msg"

// once is a round of a benchmark that takes its turns and medians itself.
const once = "1x"

var groups = []group{
	{
		title: "dkim", dir: "..", pkg: "./dkim", bench: "^Benchmark(Verify|Sign)(10KB|1MB)(Floor)?$",
		figures: []figure{
			{what: "DKIM verify, RSA-2048 relaxed/relaxed, 10 KB", name: "Verify10KB", atMost: 1.5, maxAllocs: 60},
			{what: "DKIM verify, RSA-2048 relaxed/relaxed, 1 MB", name: "Verify1MB", atMost: 1.9, maxBytes: 64 << 10},
			{what: "DKIM sign, RSA-2048, 10 KB", name: "Sign10KB", atMost: 1.08},
			{what: "DKIM sign, RSA-2048, 1 MB", name: "Sign1MB", atMost: 1.5},
		},
	},
	{
		title: "spf", dir: "..", pkg: "./spf", bench: "^BenchmarkCheckFifthInclude(Floor)?$",
		figures: []figure{{what: "SPF, pass on the fifth include of eight terms", name: "CheckFifthInclude", atMost: 3.5}},
	},
	{
		title: "mailauth", dir: "..", pkg: "./mailauth", bench: "^BenchmarkAuthenticate(Floor)?$",
		figures: []figure{{what: "mailauth, two signatures and an ARC set, 10 KB", name: "Authenticate", atMost: 1.3}},
	},
	{
		title: "inbox", dir: "..", pkg: "./internal/inbox", bench: "^BenchmarkReceive$/^sqlite$",
		figures: []figure{
			{what: "SMTP receiver, 2 KB messages, durable, many a connection", name: "Receive/sqlite/many-per-connection", unit: "msgs/s", atLeast: 1000},
			{what: "SMTP receiver, 2 KB messages, durable, one a connection", name: "Receive/sqlite/one-per-connection", unit: "msgs/s", atLeast: 1000},
		},
	},
	{
		title: "check", dir: "..", pkg: "./internal/check", bench: "^BenchmarkCheck(At20ms|Many)$",
		figures: []figure{
			{what: "check of a healthy domain, 20 ms an answer, nothing cached", name: "CheckAt20ms", unit: "ms/check", upTo: 2000},
			{what: "questions of that check", name: "CheckAt20ms", unit: "questions", upTo: 80},
			{what: "checks against a loopback server", name: "CheckMany", unit: "domains/s", atLeast: 200},
		},
	},
	{
		title: "web", dir: "..", pkg: "./internal/serve", bench: "^Benchmark(ReportPage|Pages|Verdict|List)$",
		figures: []figure{
			{what: "report page, from the database to the last octet", name: "ReportPage", unit: "ms/page", upTo: 30},
			{what: "size of that page", name: "ReportPage", unit: "KB/page", upTo: 150},
			{what: "report pages, several readers", name: "Pages", unit: "pages/s", atLeast: 200},
			{what: "end of DATA to the verdict on the live page", name: "Verdict", unit: "ms/verdict", upTo: 300},
			{what: "list of what came, with 10,000 stored reports", name: "List", unit: "ms/list", upTo: 50},
		},
	},
	{
		title: "milter", dir: ".", pkg: "./milter", bench: "^Benchmark(Verify|Sign|Seal|Latency|Memory|Peer)", showRest: true, rounds: 5, each: "400ms",
		figures: []figure{
			{what: "milter: verify SPF, DKIM, ARC, DMARC, iprev, 10 KB", name: "Verify10KB", unit: cpu, upTo: 700},
			{what: "the same with an ARC set", name: "VerifySealed10KB", unit: cpu, upTo: 700},
			{what: "the same, 1 MB", name: "Verify1MB", unit: cpu, upTo: 5000},
			{what: "milter: sign RSA-2048, 10 KB, beyond one bare operation", name: "SignRSA10KB", unit: "µs-over-RSA", upTo: 300},
			{what: "milter: messages that Ed25519 signs for one of RSA", name: "SignEd10KB", unit: "x-RSA", atLeast: 8},
			{what: "milter: verify and seal, 10 KB, beyond two bare RSA operations", name: "Seal10KB", unit: "µs-over-2-RSA", upTo: 500},
			{what: "milter: verify at 80 % load, 99 of 100 messages, 10 KB", name: "Latency10KB", unit: "ms-p99", median: true, upTo: 5},
			{what: "milter: resident memory, 16 connections", name: "Memory", unit: "MB-at-16", upTo: 40},
			{what: "milter: resident memory, 1,000 connections", name: "Memory", unit: "MB-at-1000", upTo: 60},
		},
	},
	{
		title: "postfix", dir: ".", pkg: "./milter", bench: "^BenchmarkPostfix", showRest: true, rounds: 1, each: once,
		figures: []figure{
			{what: "Postfix over TCP, 1 session: rate with our verifying milter, % of a null one's", name: "Postfix1", unit: "%-of-null", atLeast: 80},
			{what: "the same, 8 sessions", name: "Postfix8", unit: "%-of-null", atLeast: 80},
			{what: "Postfix over TCP, 1 session: time that signing adds to a null milter's, beyond one RSA operation", name: "PostfixSign1", unit: "µs-over-RSA", upTo: 500},
			{what: "the same, 8 sessions", name: "PostfixSign8", unit: "µs-over-RSA", upTo: 500},
		},
	},
	{
		title: "peers", dir: ".", pkg: ".", bench: ".", showRest: true,
	},
}
