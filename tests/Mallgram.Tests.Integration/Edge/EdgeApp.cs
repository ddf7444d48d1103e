using Mallgram.Api;
using Mallgram.AppHost.Backing;
using Microsoft.AspNetCore.Builder;

namespace Mallgram.Tests.Integration.Edge;

/// <summary>A database on which tests start further Apis, each with the edge settings it is about and else the defaults.</summary>
public class EdgeApp : MallgramApp
{
    private readonly List<WebApplication> _apis = [];

    protected override bool Synchronised => false;

    /// <summary>A client of a new Api; <paramref name="settings"/> are arguments.</summary>
    public async Task<HttpClient> StartApiAsync(params string[] settings)
    {
        var address = new Uri($"http://127.0.0.1:{FreePort.Next()}");
        var api = ApiApp.Build(
            [.. Settings(address).Where(s => !s.StartsWith("--Edge:", StringComparison.Ordinal)), .. settings]);
        await api.StartAsync();
        _apis.Add(api);
        return new HttpClient { BaseAddress = address };
    }

    public override async Task DisposeAsync()
    {
        foreach (var api in _apis)
        {
            await api.StopAsync();
            await api.DisposeAsync();
        }

        await base.DisposeAsync();
    }
}
