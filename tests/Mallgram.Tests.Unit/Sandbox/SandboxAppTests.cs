using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Mallgram.Sandbox;
using Microsoft.AspNetCore.Builder;

namespace Mallgram.Tests.Unit.Sandbox;

public sealed class SandboxAppTests
{
    [Fact]
    public void It_refuses_production()
    {
        var refusal = Assert.Throws<SandboxStartException>(() => SandboxApp.Build(["--environment=Production"]));

        Assert.Contains("Production", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_catalogue_that_is_not_there_is_named()
    {
        var refusal = Assert.Throws<SandboxStartException>(() => Build("--Sandbox:Catalogue=/no/such/goods.csv"));

        Assert.Contains("/no/such/goods.csv", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--Sandbox:CatalogueSize=0")]
    [InlineData("--Sandbox:SmtpPort=many")]
    [InlineData("--Sandbox:MtnMomo:CallbackMethod=GET")]
    public void A_wrong_setting_is_refused(string setting) => Assert.Throws<SandboxStartException>(() => Build(setting));

    [Fact]
    public async Task Two_run_side_by_side_on_free_ports()
    {
        await using var first = Build();
        await using var second = Build();
        await first.StartAsync();
        await second.StartAsync();

        Assert.NotEqual(SandboxApp.Address(first), SandboxApp.Address(second));
        Assert.NotEqual(SandboxApp.SmtpPort(first), SandboxApp.SmtpPort(second));
        using var http = new HttpClient { BaseAddress = SandboxApp.Address(first) };
        string[] pages = ["/", "/health", "/alive", "/control", "/control/state", "/mailbox", "/mtn-momo/phone", "/sandbox.css"];
        foreach (var page in pages)
        {
            using var answer = await http.GetAsync(page);
            Assert.True(answer.IsSuccessStatusCode, page);
        }
    }

    [Fact]
    public async Task Mail_is_taken_dots_and_all_and_can_be_refused()
    {
        await using var app = Build();
        await app.StartAsync();
        using var http = new HttpClient { BaseAddress = SandboxApp.Address(app) };
        using var control = await http.PostAsJsonAsync("/control/mail", new { action = "refuse", count = 1, code = 550, stage = "rcpt" });
        Assert.True(control.IsSuccessStatusCode);

        var answers = await TalkAsync(
            app,
            "EHLO test\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nRCPT TO:<b@x.test>\r\n"
            + "DATA\r\nSubject: dots\r\n\r\n..one\r\n.\n.\r\n.two\r\n.\r\nQUIT\r\n");

        Assert.Equal(["220", "250", "250", "550", "250", "354", "250", "221"], answers);
        var mails = await http.GetFromJsonAsync<JsonElement>("/mailbox.json");
        Assert.Equal(".one\r\n\n.\r\ntwo\r\n", Assert.Single(mails.GetProperty("data").EnumerateArray()).GetProperty("text").GetString());
    }

    [Theory]
    [InlineData("\0\0\0\0\r\n\r\nQUIT\r\n")]
    [InlineData("DATA\r\nRCPT TO:<a@b>\r\nMAIL FROM:x\r\nMAIL\r\nQUIT\r\n")]
    [InlineData("EHLO\r\nMAIL FROM:<a@b> SIZE=99999999999\r\nMAIL FROM:<a@b>\r\nDATA\r\nRCPT TO:<>\r\nQUIT\r\n")]
    public async Task Rubbish_gets_an_answer_and_goodbye(string talk)
    {
        await using var app = Build();
        await app.StartAsync();

        var answers = await TalkAsync(app, talk);

        Assert.Equal("221", answers[^1]);
        Assert.All(answers[1..^1], a => Assert.Contains(a[0], "25"));
    }

    [Fact]
    public async Task A_kept_mail_is_found_by_recipient()
    {
        await using var app = Build();
        await app.StartAsync();
        await TalkAsync(
            app,
            "HELO test\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<Awa@x.test>\r\nDATA\r\n"
            + "Subject: =?utf-8?Q?pay=C3=A9e?=\r\nMessage-ID: <1@x>\r\n\r\nBonjour\r\n.\r\nQUIT\r\n");

        using var http = new HttpClient { BaseAddress = SandboxApp.Address(app) };
        var found = await http.GetFromJsonAsync<JsonElement>("/mailbox.json?to=awa&subject=PAY%C3%89E");
        var none = await http.GetFromJsonAsync<JsonElement>("/mailbox.json?to=other");

        var mail = Assert.Single(found.GetProperty("data").EnumerateArray());
        Assert.Equal("payée", mail.GetProperty("subject").GetString());
        Assert.Equal("<1@x>", mail.GetProperty("message_id").GetString());
        Assert.Equal("Bonjour\r\n", mail.GetProperty("text").GetString());
        Assert.Equal(0, none.GetProperty("data").GetArrayLength());
    }

    private static WebApplication Build(params string[] more) =>
        SandboxApp.Build(
            ["--environment=Development", "--urls=http://127.0.0.1:0", "--Sandbox:SmtpPort=0", "--Sandbox:CatalogueSize=50", .. more]);

    /// <summary>Says everything at once, as a pipelining client does; the first three characters of each answer's last line.</summary>
    private static async Task<string[]> TalkAsync(WebApplication app, string talk)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", SandboxApp.SmtpPort(app));
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(talk));
        using var reader = new StreamReader(stream, Encoding.Latin1);
        var all = await reader.ReadToEndAsync();
        return [.. all.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Where(l => l.Length < 4 || l[3] != '-').Select(l => l[..3])];
    }
}
