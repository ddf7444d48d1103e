using Mallgram.Kernel;
using Mallgram.Messaging.Email;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Messaging;

/// <summary>Tells people what happened, because of events in the outbox and of nothing else.</summary>
public static class MessagingModule
{
    public static IServiceCollection AddMessaging(this IServiceCollection services)
    {
        services.AddMigrations(typeof(MessagingModule).Assembly);
        services.AddOptions<SmtpOptions>().BindConfiguration(SmtpOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<SmtpTransport>();
        services.AddScoped<EmailDelivery>();
        services.AddOutboxHandler<SendOrderPaidMail>();
        return services;
    }
}
