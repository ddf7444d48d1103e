using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Mallgram.Sandbox;
using Microsoft.AspNetCore.Builder;

namespace Mallgram.Tests.Unit.Sandbox;

public sealed class PhonesTests
{
    private const string Number = "+237670000001";

    [Fact]
    public async Task A_text_message_is_shown_on_its_phone_and_a_repeat_is_not()
    {
        await using var app = await StartAsync();
        using var http = new HttpClient { BaseAddress = SandboxApp.Address(app) };
        foreach (var (text, reference) in new[] { ("one <b>", "r1"), ("two", "r2"), ("one <b>", "r1") })
        {
            using var sent = await http.PostAsJsonAsync("/sms", new { to = Number, from = "Mallgram", text, reference });
            Assert.Equal(HttpStatusCode.Accepted, sent.StatusCode);
        }

        var messages = (await http.GetFromJsonAsync<JsonElement>($"/phones/{Number}/messages")).GetProperty("data");
        Assert.Equal(["two", "one <b>"], messages.EnumerateArray().Select(m => m.GetProperty("text").GetString()));
        var page = await http.GetStringAsync("/phones/" + Number);
        Assert.Contains("one &lt;b&gt;", page, StringComparison.Ordinal);
        Assert.Contains(WebUtility.HtmlEncode(Number)[1..], (await http.GetStringAsync("/phones")).Replace("&#x2B;", "+", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("/phones", await http.GetStringAsync("/"), StringComparison.Ordinal);

        using var cleared = await http.DeleteAsync("/phones");
        Assert.Empty((await http.GetFromJsonAsync<JsonElement>($"/phones/{Number}/messages")).GetProperty("data").EnumerateArray());
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData("[]", 400)]
    [InlineData("null", 422)]
    [InlineData("""{"to":"0670000001","text":"a","reference":"r"}""", 422)]
    [InlineData("""{"to":"+237670000001","text":"","reference":"r"}""", 422)]
    [InlineData("""{"to":"+237670000001","text":"a"}""", 422)]
    public async Task Rubbish_is_refused(string body, int status)
    {
        await using var app = await StartAsync();
        using var http = new HttpClient { BaseAddress = SandboxApp.Address(app) };
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync("/sms", content);
        Assert.Equal(status, (int)answer.StatusCode);
    }

    [Fact]
    public async Task Messages_outlive_a_restart()
    {
        var folder = Directory.CreateTempSubdirectory("mallgram-phones-").FullName;
        try
        {
            await using (var app = await StartAsync("--Sandbox:DataDirectory=" + folder))
            {
                using var http = new HttpClient { BaseAddress = SandboxApp.Address(app) };
                using var sent = await http.PostAsJsonAsync("/sms", new { to = Number, text = "kept", reference = "r" });
                Assert.True(sent.IsSuccessStatusCode);
            }

            await using var again = await StartAsync("--Sandbox:DataDirectory=" + folder);
            using var reader = new HttpClient { BaseAddress = SandboxApp.Address(again) };
            Assert.Single((await reader.GetFromJsonAsync<JsonElement>($"/phones/{Number}/messages")).GetProperty("data").EnumerateArray());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<WebApplication> StartAsync(params string[] further)
    {
        var app = SandboxApp.Build(
            ["--environment=Development", "--urls=http://127.0.0.1:0", "--Sandbox:SmtpPort=0", "--Sandbox:CatalogueSize=20", .. further]);
        await app.StartAsync();
        return app;
    }
}
