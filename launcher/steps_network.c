/* The step that hands a network device of the host to a container. */
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "kernel.h"
#include "netlink.h"
#include "steps.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>

#define ADDRESSES_MAX 64

/* The move of one device: a socket and a namespace on either side, its number there, and what it keeps. */
struct move {
	int from, to;
	int from_ns, to_ns;
	int index, new_index;
	const char *name, *new_name;
	struct request addresses[ADDRESSES_MAX];
	unsigned address_count;
};

static bool is_kept(uint16_t attribute)
{
	return attribute == IFA_LOCAL || attribute == IFA_ADDRESS || attribute == IFA_BROADCAST ||
	       attribute == IFA_FLAGS || attribute == IFA_RT_PRIORITY;
}

/* An address that somebody has set, and that is no link's own, is asked for again on the other side. */
static int keep_address(void *context, const struct nlmsghdr *message)
{
	struct move *move = context;
	struct ifaddrmsg head = *(const struct ifaddrmsg *)NLMSG_DATA(message);
	if (message->nlmsg_type != RTM_NEWADDR || (int)head.ifa_index != move->index ||
	    head.ifa_scope != RT_SCOPE_UNIVERSE || !(head.ifa_flags & IFA_F_PERMANENT))
		return 0;
	if (move->address_count == ADDRESSES_MAX)
		return -E2BIG;
	struct request *request = &move->addresses[move->address_count++];
	head.ifa_index = (uint32_t)move->new_index;
	request_start(request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof head);
	unsigned left = (unsigned)(message->nlmsg_len - NLMSG_LENGTH(sizeof head));
	int result = 0;
	const struct rtattr *attribute = IFA_RTA(NLMSG_DATA(message));
	for (; !result && RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
		if (is_kept(attribute->rta_type))
			result = request_add(request, attribute->rta_type, RTA_DATA(attribute), RTA_PAYLOAD(attribute));
	return result;
}

static int index_of(int socket, const char *name)
{
	struct ifreq request = { 0 };
	strncpy(request.ifr_name, name, sizeof request.ifr_name - 1);
	return ioctl(socket, SIOCGIFINDEX, &request) < 0 ? -errno : request.ifr_ifindex;
}

static bool is_index_taken(int socket, int index)
{
	struct ifreq request = { .ifr_ifindex = index };
	return ioctl(socket, SIOCGIFNAME, &request) == 0;
}

static int open_other_side(struct move *move, int target)
{
	move->from_ns = netlink_namespace(move->from);
	if (move->from_ns < 0)
		return move->from_ns;
	move->to = netlink_open_in(target, move->from);
	if (move->to < 0)
		return move->to;
	move->to_ns = netlink_namespace(move->to);
	return move->to_ns < 0 ? move->to_ns : 0;
}

static int find(struct move *move)
{
	move->index = index_of(move->from, move->name);
	if (move->index < 0)
		return move->index;
	bool is_pattern = strchr(move->new_name, '%');
	if (!is_pattern && index_of(move->to, move->new_name) >= 0)
		return -EEXIST;
	/* Known beforehand, since a pattern leaves the name to the kernel. */
	for (move->new_index = move->index; is_index_taken(move->to, move->new_index);)
		move->new_index++;
	const struct ifaddrmsg all = { 0 };
	struct request request;
	request_start(&request, RTM_GETADDR, 0, &all, sizeof all);
	return netlink_dump(move->from, &request, keep_address, move);
}

static int change_namespace(int socket, int index, int to_ns, const char *name, int new_index)
{
	const struct ifinfomsg head = { .ifi_index = index };
	const uint32_t fd = (uint32_t)to_ns;
	const int32_t wanted = new_index;
	struct request request;
	request_start(&request, RTM_NEWLINK, 0, &head, sizeof head);
	int result = request_add(&request, IFLA_NET_NS_FD, &fd, sizeof fd);
	if (!result)
		result = request_add(&request, IFLA_IFNAME, name, strlen(name) + 1);
	if (!result && new_index != index)
		result = request_add(&request, IFLA_NEW_IFINDEX, &wanted, sizeof wanted);
	return result ? result : request_send(socket, &request);
}

static int set_up(struct move *move)
{
	const struct ifinfomsg head = { .ifi_index = move->new_index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct request request;
	int result = 0;
	for (unsigned i = 0; !result && i < move->address_count; i++)
		result = request_send(move->to, &move->addresses[i]);
	request_start(&request, RTM_NEWLINK, 0, &head, sizeof head);
	return result ? result : request_send(move->to, &request);
}

static int carry_over(struct move *move)
{
	int result = change_namespace(move->from, move->index, move->to_ns, move->new_name, move->new_index);
	/* It may have been moved, and only then not renamed. */
	if (!result)
		result = set_up(move);
	if (result && is_index_taken(move->to, move->new_index) && index_of(move->from, move->name) < 0)
		change_namespace(move->to, move->new_index, move->from_ns, move->name, move->index);
	return result;
}

int step_move_device(struct run *run, const void *body)
{
	const struct step_move_device *step = body;
	static struct move move;
	at(run, step->name.text);
	int target = slot_fd(run, step->target);
	if (target < 0)
		return target;
	move = (struct move){ .to = -1, .from_ns = -1, .to_ns = -1, .name = step->name.text,
			      .new_name = step->new_name.len ? step->new_name.text : step->name.text };
	if (step->name.len >= IFNAMSIZ || step->new_name.len >= IFNAMSIZ)
		return -ENAMETOOLONG;
	move.from = netlink_open();
	int result = move.from < 0 ? move.from : open_other_side(&move, target);
	if (!result)
		result = find(&move);
	if (!result)
		result = carry_over(&move);
	const int fds[] = { move.from, move.to, move.from_ns, move.to_ns };
	for (unsigned i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return result;
}
