using System.Data.Common;
using System.Globalization;
using System.Net.Sockets;
using Mallgram.AppHost.Backing;
using Mallgram.AppHost.Run;

namespace Mallgram.AppHost.Local;

internal sealed class RunningPostgres(PostgresServerResource model, ResourceLog log) : RunningResource(model.Name)
{
    private readonly LocalPostgres server = new(
        model.Folder ?? throw new InvalidOperationException($"{model.Name} has no folder for its data."), log.Write);
    private ResourceState state = ResourceState.Starting;
    private string? url;

    public override bool StopsLast => true;

    public override IEnumerable<ProcessRecord> Processes =>
        server.Process is { } process ? [new ProcessRecord(Name, process, IsDatabase: true)] : [];

    public override async Task StartAsync(CancellationToken ct)
    {
        var address = await server.StartAsync(ct);
        log.Write($"{server.Description} listens on {address}; its own log is {server.LogFile}");
        model.PrimaryEndpoint.Endpoint.Port = address.Port;
        model.ConnectionString = address.ConnectionString;
        url = address.ToString();
        state = ResourceState.Healthy;
    }

    public override async Task CheckAsync(CancellationToken ct)
    {
        if (server.Process is { IsAlive: false })
        {
            if (state is not ResourceState.Exited)
            {
                log.Write($"[mallgram] PostgreSQL has ended; it is not started again by itself. Its own log is {server.LogFile}");
            }
            state = ResourceState.Exited;
            return;
        }
        var port = model.PrimaryEndpoint.Endpoint.Port;
        state = await ServerProbe.PostgresAnswersAsync("127.0.0.1", port, ct) ? ResourceState.Healthy : ResourceState.Unhealthy;
    }

    public override ResourceRecord Record() => new(Name, state, url, server.Process?.Pid, server.Description);

    public ResourceRecord RecordOf(PostgresDatabaseResource database) => new(database.Name, state, Detail: $"database of {Name}");

    public override IReadOnlyList<string> LastLines(int lines) => log.Last(lines);

    public override async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        log.Dispose();
    }
}

internal sealed class RunningRedis(RedisResource model, ResourceLog log) : RunningResource(model.Name)
{
    private readonly LocalRedis server = new(log.Write);
    private ResourceState state = ResourceState.Starting;

    public override bool StopsLast => true;

    public override IEnumerable<ProcessRecord> Processes =>
        server.Process is { } process ? [new ProcessRecord(Name, process, IsDatabase: false)] : [];

    public override async Task StartAsync(CancellationToken ct)
    {
        model.Address = await server.StartAsync(ct);
        state = ResourceState.Healthy;
    }

    public override async Task CheckAsync(CancellationToken ct)
    {
        if (server.Process is { IsAlive: false })
        {
            if (state is not ResourceState.Exited)
            {
                log.Write("[mallgram] Redis has ended; it is not started again by itself. Everything works on without it");
            }
            state = ResourceState.Exited;
            return;
        }
        state = await LocalRedis.AnswersAsync("127.0.0.1", server.Port, ct) ? ResourceState.Healthy : ResourceState.Unhealthy;
    }

    public override ResourceRecord Record() => new(Name, state, model.Address, server.Process?.Pid, "without persistence");

    public override IReadOnlyList<string> LastLines(int lines) => log.Last(lines);

    public override async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        log.Dispose();
    }
}

/// <summary>A server of the operator's: looked at from outside, never started or stopped.</summary>
internal sealed class RunningGivenServer(ConnectionStringResource model) : RunningResource(model.Name)
{
    private readonly (string Host, int Port)? address = AddressIn(model.GetValue() ?? "");
    private ResourceState state = ResourceState.Starting;

    public override async Task StartAsync(CancellationToken ct)
    {
        await CheckAsync(ct);
        // Without Redis everything works; without the database the migrations say in their own words what is wrong.
    }

    public override async Task CheckAsync(CancellationToken ct)
    {
        var answers = address is not { } at || await ServerProbe.AcceptsAsync(at.Host, at.Port, ct);
        state = answers ? ResourceState.Healthy : ResourceState.Unhealthy;
    }

    public override ResourceRecord Record() =>
        new(Name, state, address is { } at ? $"{at.Host}:{at.Port}" : null, Detail: "given by connection string");

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <returns>Null for a socket folder, several hosts or anything else that one probe cannot tell.</returns>
    private static (string Host, int Port)? AddressIn(string connectionString)
    {
        // Redis: host:port,option=value; PostgreSQL: Host=…;Port=…
        var beforeComma = connectionString.Split(',')[0];
        if (!beforeComma.Contains('=', StringComparison.Ordinal))
        {
            var parts = beforeComma.Split(':');
            return (parts[0], parts.Length > 1 && int.TryParse(parts[1], CultureInfo.InvariantCulture, out var redis) ? redis : 6379);
        }
        var settings = new DbConnectionStringBuilder { ConnectionString = connectionString };
        string? Value(string name) => settings.TryGetValue(name, out var value) ? value.ToString() : null;
        var host = Value("Host") ?? Value("Server");
        return string.IsNullOrEmpty(host) || host.IndexOfAny(['/', ',']) >= 0
            ? null
            : (host, int.TryParse(Value("Port"), CultureInfo.InvariantCulture, out var port) ? port : 5432);
    }
}

internal static class ServerProbe
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    /// <summary>SSLRequest of the PostgreSQL frontend/backend protocol: a server answers with one byte before any login.</summary>
    private static readonly byte[] SslRequest = [0, 0, 0, 8, 4, 210, 22, 47];

    public static Task<bool> AcceptsAsync(string host, int port, CancellationToken ct) =>
        TryAsync(host, port, (_, _) => Task.FromResult(true), ct);

    public static Task<bool> PostgresAnswersAsync(string host, int port, CancellationToken ct) =>
        TryAsync(host, port, async (stream, limit) =>
        {
            await stream.WriteAsync(SslRequest, limit);
            return await stream.ReadAsync(new byte[1], limit) == 1;
        }, ct);

    private static async Task<bool> TryAsync(
        string host, int port, Func<NetworkStream, CancellationToken, Task<bool>> talk, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Limit);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(host, port, limit.Token);
            return await talk(client.GetStream(), limit.Token);
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            ct.ThrowIfCancellationRequested();
            return false;
        }
    }
}
