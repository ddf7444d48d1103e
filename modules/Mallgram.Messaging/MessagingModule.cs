using Mallgram.Identity.Contracts;
using Mallgram.Kernel;
using Mallgram.Kernel.Privacy;
using Mallgram.Messaging.Email;
using Mallgram.Messaging.People;
using Mallgram.Messaging.Sms;
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
        services.AddOptions<SmsOptions>().BindConfiguration(SmsOptions.Section).ValidateDataAnnotations()
            .Validate(o => o.HasUsableAddress, $"{SmsOptions.Section}:BaseAddress must be an http or https address.").ValidateOnStart();
        services.AddHttpClient(PostedTextMessages.HttpClientName);
        services.AddSingleton<ITextMessages, PostedTextMessages>();
        services.AddSingleton<ICodeChannels, People.CodeChannels>();
        services.AddScoped<MessageLog>();
        services.AddScoped<EmailDelivery>();
        services.AddScoped<TextDelivery>();
        services.AddOutboxHandler<SendOrderPaidMail>();
        services.AddOutboxHandler<SendCode>();
        services.AddOutboxHandler<SendSecurityNotice>();
        services.AddOutboxHandler<SendInvitation>();
        services.AddOptions<PlatformMailOptions>().BindConfiguration(PlatformMailOptions.Section)
            .Validate(o => o.HasUsableAddress, $"{PlatformMailOptions.Section}:AdminAddress must be an http or https address.").ValidateOnStart();
        services.AddOutboxHandler<SendPlatformInvitation>();
        services.AddScoped<IPersonalData, MessagePersonalData>();
        return services;
    }
}
