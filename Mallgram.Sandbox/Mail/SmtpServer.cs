using System.Net;
using System.Net.Sockets;
using Mallgram.Sandbox.Control;

namespace Mallgram.Sandbox.Mail;

/// <summary>Takes mail by SMTP (RFC 5321) and puts it into the mailbox; delivers nothing anywhere.</summary>
internal sealed partial class SmtpServer(
    SandboxOptions options, MailStore store, MailFaults faults, Counters counters, ILogger<SmtpServer> logger) : BackgroundService
{
    private const int MostConnections = 200;

    private readonly SemaphoreSlim _places = new(MostConnections);
    private TcpListener? _listener;

    /// <summary>The port it listens on, also when 0 was configured. Known once the application has started.</summary>
    public int Port { get; private set; }

    /// <exception cref="SandboxStartException">The address is no address or the port is taken.</exception>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        if (!IPAddress.TryParse(options.SmtpHost, out var address))
        {
            throw new SandboxStartException($"Sandbox:SmtpHost '{options.SmtpHost}' is not an IP address");
        }

        _listener = new TcpListener(address, options.SmtpPort);
        try
        {
            _listener.Start();
        }
        catch (SocketException e)
        {
            throw new SandboxStartException($"cannot listen for SMTP on {address}:{options.SmtpPort} (Sandbox:SmtpPort): {e.Message}", e);
        }

        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        LogListening(address, Port);
        return base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _listener?.Dispose();
        _places.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await _places.WaitAsync(stoppingToken);
            TcpClient client;
            try
            {
                client = await _listener!.AcceptTcpClientAsync(stoppingToken);
            }
            catch (SocketException e)
            {
                _places.Release();
                LogBroken(e.Message);
                continue;
            }

            _ = ServeAsync(client, stoppingToken);
        }
    }

    /// <summary>One connection's trouble stays its own.</summary>
    private async Task ServeAsync(TcpClient client, CancellationToken ct)
    {
        using (client)
        {
            try
            {
                client.NoDelay = true;
                var session = new SmtpSession(client.GetStream(), store, faults, TimeSpan.FromSeconds(options.SmtpTimeoutSeconds));
                await session.RunAsync(ct);
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                LogBroken(e.Message);
            }
            catch (Exception e)
            {
                counters.Add("mail.session_errors");
                LogSessionError(e);
            }
            finally
            {
                if (!ct.IsCancellationRequested)
                {
                    _places.Release();
                }
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "SMTP listens on {Address}:{Port}")]
    private partial void LogListening(IPAddress address, int port);

    [LoggerMessage(LogLevel.Debug, "SMTP connection ended: {Reason}")]
    private partial void LogBroken(string reason);

    [LoggerMessage(LogLevel.Error, "SMTP session failed")]
    private partial void LogSessionError(Exception e);
}
