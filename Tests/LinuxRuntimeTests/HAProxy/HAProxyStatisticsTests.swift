import Testing

@testable import LinuxRuntime

@Suite struct HAProxyStatisticsTests {
    private func parse(_ text: String) -> HAProxyStatistics? { HAProxyStatistics(parsing: Array(text.utf8)[...]) }

    @Test func columnsAreFoundByTheirNames() throws {
        // In another order than any release's, with one that nobody knows.
        let statistics = try #require(
            parse(
                """
                # pxname,svname,stot,scur,news,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,econ,eresp,\
                wretr,wredis,cli_abrt,srv_abrt,dreq,rtime,addr,mode,
                web:http,0.7,12,3,x,1,2,3,4,5,6,7,8,9,10,11,2,,14,127.0.0.1:9101,http,
                web:raw,BACKEND,20,4,,0,0,0,0,1,0,0,0,0,0,0,0,13,0,,tcp,

                """))
        #expect(statistics.rows.count == 2)
        let row = statistics.rows[0]
        #expect((row.proxy, row.server) == ("web:http", "0.7"))
        #expect((row.sessions, row.currentSessions) == (12, 3))
        #expect(row.responses == [1, 2, 3, 4, 5, 6])
        #expect((row.connectionErrors, row.responseErrors, row.retries, row.redispatches) == (7, 8, 9, 10))
        #expect((row.clientAborts, row.serverAborts, row.denied, row.responseTime) == (11, 2, 0, 14))
        #expect((row.unanswered, row.failures) == (13, 18))
        #expect(statistics.rows.map(\.isHTTP) == [true, false])
        #expect(row.address == "127.0.0.1:9101")
        #expect(statistics.rows[1].server == "BACKEND")
        #expect(statistics.rows[1].denied == 13)
    }

    @Test func aCommaInQuotesSeparatesNothing() throws {
        let statistics = try #require(parse("# pxname,svname,check_desc,scur\nb,s,\"one, \"\"two\"\", three\",5\n"))
        #expect(statistics.rows.map(\.currentSessions) == [5])
    }

    @Test(arguments: ["18446744073709551616", "-1", "1.5", "many"])
    func whatIsNoNumberCountsAsNone(_ field: String) throws {
        let statistics = try #require(parse("# pxname,svname,scur,stot\nb,s,\(field),7\n"))
        #expect(statistics.rows.map(\.currentSessions) == [0])
        #expect(statistics.rows.map(\.sessions) == [7])
    }

    @Test(arguments: ["", "Unknown command", "# be_id,be_name", "pxname,svname,scur\n"])
    func otherAnswersAreNone(_ text: String) {
        #expect(parse(text) == nil)
    }

    @Test func aLineThatIsCutOffCountsAsFarAsItGoes() throws {
        let statistics = try #require(parse("# pxname,svname,scur,stot\nb,s,4"))
        #expect(statistics.rows.map(\.currentSessions) == [4])
        #expect(statistics.rows.map(\.sessions) == [0])
    }
}
