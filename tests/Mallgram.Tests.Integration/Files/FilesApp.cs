using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration.Files;

/// <summary>The platform without a catalogue, small limits for files, and a clock that a test may set forward.</summary>
public sealed class FilesApp : MallgramApp
{
    internal PictureHost Pictures { get; private set; } = null!;

    /// <summary>Allowed by no setting: nobody may come here.</summary>
    internal PictureHost Forbidden { get; private set; } = null!;

    /// <summary>Folder of the storage and the image cache.</summary>
    internal string Folder { get; } = Directory.CreateTempSubdirectory("mallgram-files-tests-").FullName;

    internal FakeClamd Clamd { get; } = new();

    internal SettableClock Clock { get; } = new();

    protected override bool Synchronised => false;

    protected override IEnumerable<string> ServiceSettings =>
    [
        $"--Files:Directory={Folder}",
        $"--Files:Images:AllowedHosts:1={Pictures.Authority}",
        $"--Files:Images:SizedByHost:1={Pictures.Authority}/cdn/",
        $"--Files:Clamd=127.0.0.1:{Clamd.Port}",
        "--Files:Images:Timeout=00:00:03",
        "--Files:Images:MaxBytes=300000",
        "--Files:MaxDocumentBytes=2000000",
    ];

    public override async Task InitializeAsync()
    {
        Pictures = await PictureHost.StartAsync();
        Forbidden = await PictureHost.StartAsync();
        await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await Pictures.DisposeAsync();
        await Forbidden.DisposeAsync();
        Clamd.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Announces a file as staff of a store.</summary>
    internal static async Task<(string Id, string Url)> AnnounceAsync(HttpClient staff, string purpose, string name, long size, string? contentType = null)
    {
        using var answer = await staff.PostAsJsonAsync("/api/v1/files", new { name, size, purpose, content_type = contentType });
        Assert.Equal(System.Net.HttpStatusCode.Created, answer.StatusCode);
        var created = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("PUT", created.GetProperty("upload").GetProperty("method").GetString());
        return (created.GetProperty("id").GetString()!, created.GetProperty("upload").GetProperty("url").GetString()!);
    }

    protected override void Configure(WebApplicationBuilder builder) => builder.Services.AddSingleton<TimeProvider>(Clock);
}

/// <summary>The system's clock, and what a test adds to it.</summary>
internal sealed class SettableClock : TimeProvider
{
    public TimeSpan Ahead { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
}
