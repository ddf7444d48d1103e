using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Secrets;
using Mallgram.Web.Admin.Api;
using Mallgram.Web.Admin.Sessions;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Mallgram.Web.Admin;

internal static class AdminSetup
{
    public static void AddAdminSettings(this WebApplicationBuilder builder)
    {
        // A line for every file, cookie and redirect says nothing that traces do not.
        builder.Logging.AddFilter("Microsoft.AspNetCore.StaticFiles", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Authentication", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Authorization", LogLevel.Warning);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddOptions<AdminOptions>().BindConfiguration("Admin").ValidateDataAnnotations()
            .PostConfigure(o =>
            {
                if (o.Stores.Count == 0)
                {
                    o.Stores.AddRange(StoreChoice.Presets);
                }
            })
            .Validate(o => TimeZoneInfo.TryFindSystemTimeZoneById(o.TimeZone, out _), "Admin:TimeZone is no time zone of this machine.")
            .ValidateOnStart();
    }

    /// <summary>The keys that seal cookies, from PostgreSQL, so that any replica opens any cookie: all that this app reads there.</summary>
    public static void AddKeyRing(this WebApplicationBuilder builder)
    {
        var connectionString = builder.Configuration.GetConnectionString("mallgram")
            ?? throw new InvalidOperationException(
                "ConnectionStrings:mallgram is not set. `./mallgram up` sets it; see docs/operations.md otherwise.");
        var pool = Pools.Create(connectionString, builder.Environment.ApplicationName, maxPoolSize: 4);
        builder.Services.AddSingleton(new AppDataSource(pool));
        builder.Services.AddRoleCheck();
        builder.Services.AddMallgramSecrets();
        builder.Services.AddHealthChecks().AddCheck<KeyRingHealth>("database", timeout: TimeSpan.FromSeconds(5));
    }

    public static void AddSessions(this WebApplicationBuilder builder)
    {
        builder.Services.AddHttpContextAccessor();
        builder.Services.AddSingleton<SessionRefresh>();
        builder.Services.AddSingleton<AccessCache>();
        builder.Services.AddSealedCookies();
        builder.Services.AddScoped<SessionCookie>();
        var authentication = builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(o =>
        {
            o.Cookie.Name = "mallgram_admin";
            o.Cookie.HttpOnly = true;
            o.Cookie.SameSite = SameSiteMode.Lax;
            o.Cookie.SecurePolicy = SecurePolicy(builder.Environment);
            o.ExpireTimeSpan = SessionCookie.Lifetime;
            o.SlidingExpiration = true;
            o.LoginPath = SignInPage.Path;
            o.EventsType = typeof(SessionCookie);
        });
        PlatformSession.Add(authentication, SecurePolicy(builder.Environment));
        builder.Services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        builder.Services.AddAntiforgery(o =>
        {
            o.Cookie.Name = "mallgram_form";
            o.Cookie.SecurePolicy = SecurePolicy(builder.Environment);
        });
    }

    /// <summary>Over HTTPS only, but in development, where there is none.</summary>
    public static CookieSecurePolicy SecurePolicy(IHostEnvironment environment) =>
        environment.IsDevelopment() ? CookieSecurePolicy.SameAsRequest : CookieSecurePolicy.Always;

    private static readonly TimeSpan PictureTimeout = TimeSpan.FromSeconds(30);

    public static void AddApiClient(this WebApplicationBuilder builder)
    {
        // A logical name that service discovery replaces. Paths are added to it, hence the slash.
        var given = builder.Configuration["Api:BaseAddress"];
        var address = new Uri((string.IsNullOrEmpty(given) ? "http://api" : given).TrimEnd('/') + "/");
        builder.Services.AddTransient<ApiSessionHeaders>();
        builder.Services.AddHttpClient<ApiClient>(http => http.BaseAddress = address)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                UseCookies = false,
                AllowAutoRedirect = false,
                PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            })
            .AddHttpMessageHandler<ApiSessionHeaders>();
        builder.Services.AddHttpClient(nameof(Pictures), http => (http.BaseAddress, http.Timeout) = (address, PictureTimeout))
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                UseCookies = false,
                AllowAutoRedirect = false,
                PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            })
            // Pictures that a supplier has lost are no failure of the API: a page of them, each asked for four times, opened the breaker
            // that all calls to the API share.
            .ConfigureAdditionalHttpMessageHandlers(static (handlers, _) =>
            {
                foreach (var resilience in handlers.Where(h => h.GetType().Name == "ResilienceHandler").ToList())
                {
                    handlers.Remove(resilience);
                }
            });
    }
}

/// <summary>Without its keys this app can open no cookie.</summary>
internal sealed class KeyRingHealth(AppDataSource app) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var command = app.Source.CreateCommand("select 1");
            await command.ExecuteScalarAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is Npgsql.NpgsqlException or TimeoutException)
        {
            return HealthCheckResult.Unhealthy("The database does not answer.", e);
        }
    }
}
