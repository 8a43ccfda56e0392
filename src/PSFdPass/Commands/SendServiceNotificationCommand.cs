using System.Management.Automation;
using PSFdPass.Binding;
using PSFdPass.Interop;

namespace PSFdPass.Commands;

/// <summary>Notifies the service manager about the state of this service.</summary>
[Cmdlet(VerbsCommunications.Send, "ServiceNotification", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(void))]
public sealed class SendServiceNotificationCommand : FdPassCommand
{
    /// <summary>Report that the service has finished starting or reloading.</summary>
    [Parameter]
    public SwitchParameter Ready { get; set; }

    /// <summary>One line that describes the state of the service.</summary>
    [Parameter(Position = 0)]
    [AllowEmptyString]
    [ValidateNotNull]
    public string? Status { get; set; }

    /// <summary>Report that the service has begun to reload its configuration.</summary>
    [Parameter]
    public SwitchParameter Reloading { get; set; }

    /// <summary>Report that the service has begun to stop.</summary>
    [Parameter]
    public new SwitchParameter Stopping { get; set; }

    /// <summary>Report that the service is alive.</summary>
    [Parameter]
    public SwitchParameter Watchdog { get; set; }

    /// <summary>The ID of the main process of the service.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int? MainProcessId { get; set; }

    /// <summary>Wait until the manager has processed this notification and all before it.</summary>
    [Parameter]
    public SwitchParameter Barrier { get; set; }

    /// <summary>The time limit for space in the manager's queue and, with -Barrier, for the manager to process the notification.</summary>
    [Parameter]
    [TimeoutTransformation]
    public double? TimeoutSeconds { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing() => Run(
        () =>
        {
            var notification = new ServiceNotification
            {
                Ready = Ready,
                Status = Status,
                Reloading = Reloading,
                Stopping = Stopping,
                Watchdog = Watchdog,
                MainProcessId = MainProcessId,
            };
            bool isEmpty = notification == new ServiceNotification();
            if (isEmpty && !Barrier)
            {
                throw new ArgumentException(SR.NotificationEmpty);
            }

            string address = Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is { Length: > 0 } path ? path : SR.ServiceManager;
            if (!ShouldProcess(ShownText.Of(address), isEmpty ? SR.BarrierAction : SR.NotifyAction))
            {
                return;
            }

            if (!isEmpty)
            {
                ServiceNotifier.Send(notification, ToTimeout(TimeoutSeconds), Stopped);
            }

            if (Barrier)
            {
                ServiceNotifier.SendBarrier(ToTimeout(TimeoutSeconds), Stopped);
            }
        },
        null);
}
