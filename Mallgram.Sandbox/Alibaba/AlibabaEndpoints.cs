using Mallgram.Sandbox.Control;
using Mallgram.Sandbox.OpenPlatform;

namespace Mallgram.Sandbox.Alibaba;

internal static class AlibabaEndpoints
{
    private static readonly string[] GetAndPost = [HttpMethods.Get, HttpMethods.Post];

    public static void AddAlibaba(this IServiceCollection services, SandboxOptions options)
    {
        var catalogue = WholesaleCatalogue.Create(options.WholesaleSize, options.CatalogueSeed);
        long[] ids = [.. catalogue.Items.Select(i => i.Id)];
        services.AddSingleton(options.Alibaba);
        services.AddSingleton(catalogue);
        services.AddKeyedSingleton(AlibabaControls.Code, new ItemChanges(ids, ids));
        services.AddKeyedSingleton(AlibabaControls.Code, (provider, _) => new OpenPlatformGateway(
            AlibabaControls.Code, options.Alibaba, provider.GetRequiredService<Counters>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<AlibabaPlatform>();
        services.AddSingleton<IProviderControls, AlibabaControls>();
    }

    public static void MapAlibaba(this IEndpointRouteBuilder app)
    {
        var platform = app.ServiceProvider.GetRequiredService<AlibabaPlatform>();
        var gateway = app.ServiceProvider.GetRequiredKeyedService<OpenPlatformGateway>(AlibabaControls.Code);
        var catalogue = app.ServiceProvider.GetRequiredService<WholesaleCatalogue>();
        var group = app.MapGroup("/" + AlibabaControls.Code);
        group.MapMethods("/rest/{**path}", GetAndPost, (HttpContext http, string? path) => platform.RestAsync(http, path));
        group.MapGet("/oauth/authorize", gateway.Authorize);
        group.MapPictures(id => catalogue.Find(id) is not null);
    }
}

internal sealed class AlibabaControls(
    WholesaleCatalogue catalogue,
    [FromKeyedServices(AlibabaControls.Code)] ItemChanges changes,
    [FromKeyedServices(AlibabaControls.Code)] OpenPlatformGateway gateway) : IProviderControls
{
    public const string Code = "alibaba";

    public string Provider => Code;

    public string Title => "Alibaba.com";

    public IReadOnlyList<ControlAction> Actions { get; } = PlatformControls.Actions(gateway, changes);

    public object State() => PlatformControls.State(gateway, changes, catalogue.Items.Count);
}
