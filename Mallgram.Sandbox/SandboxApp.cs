using Mallgram.Sandbox.Alibaba;
using Mallgram.Sandbox.AliExpress;
using Mallgram.Sandbox.Control;
using Mallgram.Sandbox.Mail;
using Mallgram.Sandbox.MtnMomo;
using Mallgram.Sandbox.OpenExchangeRates;
using Mallgram.Sandbox.Phones;
using Mallgram.ServiceDefaults;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Mallgram.Sandbox;

/// <summary>
/// Stand-ins for outside providers, for development and tests. A test hosts it in its own process:
/// <c>Build(["--environment=Development", "--urls=http://127.0.0.1:0", "--Sandbox:SmtpPort=0"])</c>, then <c>StartAsync</c>.
/// </summary>
public static class SandboxApp
{
    /// <exception cref="SandboxStartException">The environment is Production, a setting is wrong, or a file cannot be read.</exception>
    public static WebApplication Build(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (builder.Environment.IsProduction())
        {
            throw new SandboxStartException(
                "refuses to run in the Production environment, because it answers in place of real payment and sourcing providers. "
                + "For development set ASPNETCORE_ENVIRONMENT=Development.");
        }

        var options = SandboxOptions.Read(builder.Configuration);
        builder.AddServiceDefaults();
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        if (string.IsNullOrEmpty(builder.Configuration["urls"]) && string.IsNullOrEmpty(builder.Configuration["http_ports"]))
        {
            builder.WebHost.UseUrls("http://127.0.0.1:5070");
        }

        using var starting = LoggerFactory.Create(l => l.AddConsole());
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<Counters>();
        builder.Services.AddAliExpress(options, starting.CreateLogger("Mallgram.Sandbox"));
        builder.Services.AddAlibaba(options);
        builder.Services.AddExchangeRates(options);
        builder.Services.AddMail();
        builder.Services.AddPhones();
        builder.Services.AddMtnMomo(options);

        var app = builder.Build();
        app.MapControl();
        app.MapAliExpress();
        app.MapAlibaba();
        app.MapExchangeRates();
        app.MapMtnMomo();
        app.MapMail();
        app.MapPhones();
        app.MapDefaultEndpoints();

        // Reads the journals now, so that a bad file is a clear refusal to start and not a failing first request.
        app.Services.GetRequiredService<MomoLedger>();
        app.Services.GetRequiredService<MailStore>();
        app.Services.GetRequiredService<TextStore>();
        return app;
    }

    /// <summary>Port of the SMTP server of a started sandbox, also when 0 was configured.</summary>
    public static int SmtpPort(WebApplication app) => app.Services.GetRequiredService<SmtpServer>().Port;

    /// <summary>First HTTP address of a started sandbox, also when port 0 was configured.</summary>
    public static Uri Address(WebApplication app) =>
        new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
}
