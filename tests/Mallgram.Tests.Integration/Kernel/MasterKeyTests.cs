using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Secrets;
using Mallgram.Tests.Integration.Support;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Mallgram.Tests.Integration.Kernel;

/// <summary>Keys in the database are worth nothing without the key outside it, and none is lost when that one changes.</summary>
public sealed class MasterKeyTests : IAsyncLifetime
{
    private const string First = "the first master key, of thirty-two bytes and more";
    private const string Second = "the second master key, of thirty-two bytes and more";
    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await TestDatabase.CloneAsync();

    public Task DisposeAsync() => _database.DropAsync();

    [Fact]
    public async Task Keys_once_stored_in_clear_are_sealed_followed_by_a_new_one_and_still_open_what_they_sealed()
    {
        string payload;
        using (var before = await StartAsync())
        {
            payload = Protector(before).Protect("a supplier's token");
        }

        Assert.True(await RowsAsync("xml like '%requiresEncryption%'") > 0);
        var keys = await RowsAsync("true");

        using (var after = await StartAsync("--Secrets:MasterKey=" + First))
        {
            Assert.Equal("a supplier's token", Protector(after).Unprotect(payload));
        }

        Assert.Equal(0L, await RowsAsync("xml like '%requiresEncryption%' or xml not like '%MasterKeyXmlDecryptor%'"));
        Assert.Equal(keys + 1, await RowsAsync("true"));

        // Once is enough.
        using var again = await StartAsync("--Secrets:MasterKey=" + First);
        Assert.Equal(keys + 1, await RowsAsync("true"));
    }

    [Fact]
    public async Task A_new_master_key_takes_over_from_an_old_one_that_then_may_be_forgotten()
    {
        string payload;
        using (var first = await StartAsync("--Secrets:MasterKey=" + First))
        {
            payload = Protector(first).Protect("x");
        }

        using (var both = await StartAsync("--Secrets:MasterKey=" + Second, "--Secrets:OldMasterKeys:0=" + First))
        {
            Assert.Equal("x", Protector(both).Unprotect(payload));
        }

        using var second = await StartAsync("--Secrets:MasterKey=" + Second, "--Secrets:OldMasterKeys:0=");
        Assert.Equal("x", Protector(second).Unprotect(payload));
    }

    [Fact]
    public async Task Production_starts_neither_without_a_master_key_nor_with_a_wrong_one()
    {
        Assert.Contains(
            "Secrets:MasterKey", (await Assert.ThrowsAnyAsync<Exception>(() => StartAsync("--environment=Production"))).Message, StringComparison.Ordinal);
        Assert.Contains(
            "32 bytes", (await Assert.ThrowsAnyAsync<Exception>(() => StartAsync("--Secrets:MasterKey=short"))).Message, StringComparison.Ordinal);

        using (await StartAsync("--Secrets:MasterKey=" + First))
        {
            // Its keys are sealed with the first.
        }

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync("--environment=Production", "--Secrets:MasterKey=" + Second));
        Assert.Contains("OldMasterKeys", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Second, refused.ToString(), StringComparison.Ordinal);
    }

    private static IDataProtector Protector(IHost host) => host.Services.GetRequiredService<IDataProtectionProvider>().CreateProtector("test");

    private Task<long> RowsAsync(string condition) => _database.ScalarAsync<long>(
        "select count(*) from kernel.data_protection_keys where xml like '<key %' and (" + condition + ")");

    private async Task<IHost> StartAsync(params string[] settings)
    {
        var builder = Host.CreateApplicationBuilder(["--environment=Development", .. settings]);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(new AppDataSource(Pools.Create(_database.App, "master-key-tests", maxPoolSize: 2)));
        builder.Services.AddMallgramSecrets();
        var host = builder.Build();
        try
        {
            await host.StartAsync();
            return host;
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }
}
