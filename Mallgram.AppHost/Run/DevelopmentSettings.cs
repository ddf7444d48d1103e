namespace Mallgram.AppHost.Run;

/// <summary>Settings that point services at the sandbox. Production code never knows it: only addresses and keys differ.</summary>
internal static class DevelopmentSettings
{
    /// <summary>
    /// The sandbox's own credentials, as its provider pages state them. A variable that the operator set goes before ours, so real
    /// provider keys can be tried without touching anything.
    /// </summary>
    public static IResourceBuilder<ProjectResource> WithSandboxProviders(
        this IResourceBuilder<ProjectResource> service, IResourceBuilder<ProjectResource> sandbox, RunningCopy copy)
    {
        service.WithReference(sandbox);
        foreach (var (name, value) in Settings(copy.Ports, copy.Data.Private("files")))
        {
            if (ServiceEnvironment.OperatorsOwn(name) is null)
            {
                service.WithEnvironment(name, value);
            }
        }
        return service;
    }

    public static IResourceBuilder<ProjectResource> InDevelopment(this IResourceBuilder<ProjectResource> service) =>
        service.ApplicationBuilder.ExecutionContext.IsRunMode
            ? service.WithEnvironment("ASPNETCORE_ENVIRONMENT", "Development").WithEnvironment("DOTNET_ENVIRONMENT", "Development")
            : service;

    private static IEnumerable<(string Name, string Value)> Settings(Ports ports, string files) =>
    [
        ("Sourcing__AliExpress__BaseAddress", "http://sandbox/aliexpress/"),
        ("Sourcing__AliExpress__AppKey", "510001"),
        ("Sourcing__AliExpress__AppSecret", "mallgram-secret"),
        ("Sourcing__AliExpress__AuthorizationCode", "3_510001_sandbox"),
        ("Sourcing__AliExpress__CallsPerSecond", "1000"),
        ("Sourcing__AliExpress__CallsPerDay", "0"),
        ("Sourcing__Alibaba__BaseAddress", "http://sandbox/alibaba/"),
        ("Sourcing__Alibaba__AppKey", "600001"),
        ("Sourcing__Alibaba__AppSecret", "mallgram-secret"),
        ("Sourcing__Alibaba__AuthorizationCode", "3_600001_sandbox"),
        ("Sourcing__Alibaba__CallsPerSecond", "1000"),
        ("Sourcing__Alibaba__CallsPerDay", "0"),
        ("Catalog__ExchangeRates__BaseAddress", "http://sandbox/openexchangerates/api/"),
        ("Catalog__ExchangeRates__AppId", "sandbox-app-id"),
        ("Payments__MtnMomo__BaseAddress", "http://sandbox/mtn-momo/"),
        ("Payments__MtnMomo__SubscriptionKey", "sandbox-subscription-key"),
        ("Payments__MtnMomo__ApiUser", "11111111-2222-4333-8444-555555555555"),
        ("Payments__MtnMomo__ApiKey", "00112233445566778899aabbccddeeff"),
        ("Payments__PublicBaseAddress", $"http://127.0.0.1:{ports.Api}"),
        ("Files__PublicBaseAddress", $"http://127.0.0.1:{ports.Api}"),
        ("Files__Directory", files),
        ("Files__Images__AllowedHosts__0", $"127.0.0.1:{ports.Sandbox}"),
        ("Files__Images__SizedByHost__0", $"127.0.0.1:{ports.Sandbox}"),
        ("Messaging__Smtp__Host", "127.0.0.1"),
        ("Messaging__Smtp__Port", $"{ports.Smtp}"),
        ("Messaging__Sms__BaseAddress", "http://sandbox/sms"),
    ];
}
